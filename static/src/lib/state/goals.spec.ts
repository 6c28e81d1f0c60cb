import { expect, test, vi } from 'vitest'
import type { Goal, GoalClaim } from '../wire'
import { Refusal, Unreachable } from '../errors'
import { Goals } from './goals.svelte'

const goal = (id: string, over: Partial<Goal> = {}): Goal => ({
  id, window: 'ever', titles: { en: id }, count: 10, progress: 0, reward: '50', reached: false, claimed_at: null, claimable: false,
  would_grant: '50', ...over,
})
const claim: GoalClaim = { op_id: '1', id: 'b', granted: '50', balance: '150' }

function goals(list: Goal[]) {
  let keys = 0
  const doors = {
    goals: vi.fn(async () => ({ goals: list })),
    claimGoal: vi.fn(async (_id: string, _key: string) => claim),
    newId: () => `key${(keys += 1)}`,
    claimed: vi.fn(),
  }
  return { all: new Goals(doors), ...doors }
}

test('what can be claimed comes first, then the nearest, what was claimed last', async () => {
  const { all } = goals([
    goal('claimed', { claimed_at: '2026-11-20T12:00:00.000Z', progress: 10 }), goal('far', { progress: 1 }),
    goal('near', { progress: 9 }), goal('ready', { progress: 10, claimable: true }), goal('daily', { window: 'day' }),
  ])
  await all.load()
  expect(all.of('ever').map(({ id }) => id)).toEqual(['ready', 'near', 'far', 'claimed'])
  expect(all.of('day').map(({ id }) => id)).toEqual(['daily'])
})

test('a claim is told and everything asked for again', async () => {
  const { all, claimed } = goals([goal('b', { claimable: true })])
  await all.load()
  const [ready] = all.of('ever')
  await all.claim(ready!)
  expect(claimed).toHaveBeenCalledExactlyOnceWith(ready, claim)
  expect(all.claiming).toBeNull()
})

test('each goal has its own key, kept until there is an answer', async () => {
  const { all, claimGoal } = goals([])
  claimGoal
    .mockRejectedValueOnce(new Unreachable())
    .mockRejectedValueOnce(new Refusal('rate_limited', '', { status: 429, retryAfter: 1 }))
    .mockRejectedValueOnce(new Refusal('not_reached', '', { status: 409 }))
  await expect(all.claim(goal('b'))).rejects.toThrow(Unreachable)
  await expect(all.claim(goal('b'))).rejects.toThrow(Refusal)
  await expect(all.claim(goal('b'))).rejects.toThrow(Refusal)
  await all.claim(goal('b'))
  await all.claim(goal('c'))
  expect(claimGoal.mock.calls).toEqual([['b', 'key1'], ['b', 'key1'], ['b', 'key1'], ['b', 'key2'], ['c', 'key3']])
})
