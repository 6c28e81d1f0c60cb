import { expect, test } from 'vitest'
import { backoff } from './backoff'
import { routeOf } from './router.svelte'

test.each([
  ['/', { name: 'home' }],
  ['/r/7310000000000001', { name: 'room', id: '7310000000000001' }],
  ['/wallet', { name: 'wallet' }],
  ['/wallet/', { name: 'wallet' }],
  ['/leaderboard', { name: 'leaderboard' }],
  ['/r/', { name: 'missing' }],
  ['/r/seven', { name: 'missing' }],
  ['/r/7/8', { name: 'missing' }],
  ['/wallet/7', { name: 'missing' }],
  ['/constructor', { name: 'missing' }],
])('%s', (path, route) => {
  expect(routeOf(path)).toEqual(route)
})

test('waiting doubles up to its ceiling, and half of it is left to chance', () => {
  expect([0, 1, 2].map((attempt) => backoff(attempt, () => 1))).toEqual([500, 1_000, 2_000])
  expect(backoff(50, () => 1)).toBe(30_000)
  expect(backoff(50, () => 0)).toBe(15_000)
})
