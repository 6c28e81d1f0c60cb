import { expect, test } from 'vitest'
import { decimalOf, exactly, isZero, less, micros } from './money'

test.each([
  ['25', 25_000_000n],
  ['0.000001', 1n],
  ['12.375', 12_375_000n],
  ['9999999999.999999', 9_999_999_999_999_999n],
])('%s is read exactly', (text, amount) => {
  expect(micros(text)).toBe(amount)
  expect(decimalOf(amount)).toBe(text)
})

test.each(['', '0', '0.0', '-1', '+1', '1e3', '1.1234567', '1,5', ' 1', '1.', '.5', 'NaN', '12345678901', '๕'])('%j is no amount', (text) => {
  expect(micros(text)).toBeNull()
})

test('what remains is exact, also below nothing', () => {
  expect(less('100.1', '99.2')).toBe('0.9')
  expect(less('10', '12.5')).toBe('-2.5')
  expect(less('9007199254740993', '1')).toBe('9007199254740992')
  expect(exactly('-2.5')).toBe(-2_500_000n)
  expect([isZero('0'), isZero('0.000000'), isZero('0.000001')]).toEqual([true, true, false])
})
