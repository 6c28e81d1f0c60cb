import { expect, test, vi } from 'vitest'
import { deferred } from '../../testing/samples'
import type { DailyClaim, Streak } from '../wire'
import { Refusal, Unreachable } from '../errors'
import { Daily } from './daily.svelte'

const claim = (...activities: string[]) => ({
  streak_days: 7, granted: '110', rewards: activities.map((activity) => ({ op_id: activity, activity, granted: '10', multiplied: '10' })),
}) as DailyClaim

function daily(claimDaily: (key: string) => Promise<DailyClaim>) {
  let keys = 0
  const doors = {
    streak: vi.fn(async () => ({ days: 7, claimable: false }) as Streak),
    claimDaily: vi.fn(claimDaily),
    newId: () => `key${(keys += 1)}`,
    milestone: vi.fn(),
  }
  return { daily: new Daily(doors), ...doors }
}

test('a claim is quiet, and its streak is asked for again', async () => {
  const { daily: one, milestone, streak } = daily(async () => claim('daily_login'))
  await one.claim()
  expect(one.claimed?.granted).toBe('110')
  expect(one.streak?.claimable).toBe(false)
  expect(streak).toHaveBeenCalledOnce()
  expect(milestone).not.toHaveBeenCalled()
})

test('what comes beside the day’s own reward is a milestone', async () => {
  const { daily: one, milestone } = daily(async () => claim('daily_login', 'weekly_streak'))
  await one.claim()
  expect(milestone).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ streak_days: 7 }))
})

test('pressed twice it is asked for once', async () => {
  const answer = deferred<DailyClaim>()
  const { daily: one, claimDaily } = daily(() => answer.promise)
  const first = one.claim()
  await one.claim()
  answer.resolve(claim('daily_login'))
  await first
  expect(claimDaily).toHaveBeenCalledOnce()
})

test('without an answer the next try is the same request', async () => {
  const { daily: one, claimDaily } = daily(async () => claim('daily_login'))
  claimDaily.mockRejectedValueOnce(new Unreachable())
  await expect(one.claim()).rejects.toThrow(Unreachable)
  expect(one.claiming).toBe(false)
  await one.claim()
  expect(claimDaily.mock.calls).toEqual([['key1'], ['key1']])
})

test('claimed on another device, the streak says so', async () => {
  const { daily: one } = daily(async () => Promise.reject(new Refusal('already_claimed', '', { status: 409 })))
  await one.claim()
  expect(one.claimed).toBeNull()
  expect(one.streak?.claimable).toBe(false)
})

test('any other refusal is told, and the next try is a new request', async () => {
  const { daily: one, claimDaily } = daily(async () => Promise.reject(new Refusal('nothing_to_claim', '', { status: 409 })))
  await expect(one.claim()).rejects.toThrow(Refusal)
  await expect(one.claim()).rejects.toThrow(Refusal)
  expect(claimDaily.mock.calls).toEqual([['key1'], ['key2']])
})
