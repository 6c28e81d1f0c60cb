import { expect, test } from 'vitest'
import { monthOf } from './calendar'

test('a month is whole weeks from Monday, empty where other months are', () => {
  const { first, weeks } = monthOf('2026-11-21')
  expect(first).toBe('2026-11-01')
  expect(weeks).toHaveLength(6)
  expect(weeks[0]).toEqual([null, null, null, null, null, null, '2026-11-01'])
  expect(weeks[5]).toEqual(['2026-11-30', null, null, null, null, null, null])
})

test('the month before the first is the last of the year before, and leap days are there', () => {
  expect(monthOf('2026-01-31', 1).first).toBe('2025-12-01')
  expect(monthOf('2028-03-01', 1).weeks.flat()).toContain('2028-02-29')
  expect(monthOf('2027-02-10').weeks.flat().filter(Boolean)).toHaveLength(28)
})
