import { expect, test } from 'vitest'
import type { Gift } from '../wire'
import { Notices, isMilestone } from './notices.svelte'

test('only a few are told at once, the oldest goes first', () => {
  const notices = new Notices()
  for (const days of [1, 2, 3, 4]) notices.tell({ kind: 'streak', days, granted: '1' })
  expect(notices.list.map((told) => told.kind === 'streak' && told.days)).toEqual([2, 3, 4])
  notices.dismiss(notices.list[1]!.id)
  expect(notices.list.map((told) => told.kind === 'streak' && told.days)).toEqual([2, 4])
})

test('a gift and a lower tier are no reason to celebrate', () => {
  expect(isMilestone({ kind: 'tier', tier: 'silver', up: true })).toBe(true)
  expect(isMilestone({ kind: 'streak', days: 7, granted: '1' })).toBe(true)
  expect(isMilestone({ kind: 'tier', tier: 'bronze', up: false })).toBe(false)
  expect(isMilestone({ kind: 'gift', gift: {} as Gift })).toBe(false)
})
