import { expect, test } from 'vitest'
import { bars, ceilingOf, shares } from './plot'

const series = ['0', '50', '0.001', '100'].map((amount) => ({ amount }))

test('the highest bar is as high as the plot, nothing is nothing, and little is still seen', () => {
  const drawn = bars(series, { width: 40, height: 100, gap: 2 })
  expect(drawn.map(({ height }) => height)).toEqual([0, 50, 2, 100])
  expect(drawn.map(({ y }) => y)).toEqual([100, 50, 98, 0])
  expect(drawn[3]).toMatchObject({ x: 31, width: 8 })
})

test('the scale ends on a round number', () => {
  expect(ceilingOf(series)).toBe(100)
  expect(ceilingOf([{ amount: '101' }])).toBe(200)
  expect(ceilingOf([{ amount: '0.3' }])).toBe(0.5)
  expect(ceilingOf([])).toBe(0)
})

test('shares make a whole', () => {
  expect(shares(['30', '10'])).toEqual([75, 25])
  expect(shares(['0', '0'])).toEqual([0, 0])
})
