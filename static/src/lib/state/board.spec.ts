import { expect, test, vi } from 'vitest'
import { deferred } from '../../testing/samples'
import type { Leaderboard, Ranking, RankingWindow } from '../wire'
import { Board } from './board.svelte'

const answer = (by: Ranking) => ({ by, me: { rank: 1, amount: '5', shown: true } }) as Leaderboard

test('an answer to an earlier question does not replace a later one', async () => {
  const slow = deferred<Leaderboard>()
  const leaderboard = vi.fn((by: Ranking, _window: RankingWindow) => (by === 'earned' ? slow.promise : Promise.resolve(answer(by))))
  const board = new Board({ leaderboard, showOnLeaderboard: vi.fn() })
  const first = board.load()
  await board.look('gifted', 'day')
  slow.resolve(answer('earned'))
  await first
  expect(board.board?.by).toBe('gifted')
  expect(leaderboard).toHaveBeenLastCalledWith('gifted', 'day')
})

test('a balance has no window, and the chosen one is kept meanwhile', async () => {
  const leaderboard = vi.fn(async (by: Ranking, _window: RankingWindow) => answer(by))
  const board = new Board({ leaderboard, showOnLeaderboard: vi.fn() })
  await board.look('balance', 'day')
  expect(leaderboard).toHaveBeenLastCalledWith('balance', 'all')
  expect(board.window).toBe('day')
})

test('hiding is asked of the server, and the list is looked at again', async () => {
  const leaderboard = vi.fn(async (by: Ranking, _window: RankingWindow) => answer(by))
  const showOnLeaderboard = vi.fn(async () => undefined)
  const board = new Board({ leaderboard, showOnLeaderboard })
  await board.show(false)
  expect(showOnLeaderboard).toHaveBeenCalledExactlyOnceWith(false)
  expect(leaderboard).toHaveBeenCalledOnce()
})
