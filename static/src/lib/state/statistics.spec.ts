import { expect, test } from 'vitest'
import { deferred } from '../../testing/samples'
import type { EarningStats, SpendingStats } from '../wire'
import { Statistics } from './statistics.svelte'

const spent = (days: number) => Promise.resolve({ total: `${days}` } as SpendingStats)

test('both halves are of the range that was chosen last', async () => {
  const slow = deferred<EarningStats>()
  const earned = (days: number) => (days === 90 ? slow.promise : Promise.resolve({ total: `${days}` } as EarningStats))
  const statistics = new Statistics({ earned, spent })
  const first = statistics.look(90)
  await statistics.look(7)
  slow.resolve({ total: '90' } as EarningStats)
  await first
  expect([statistics.days, statistics.earned?.total, statistics.spent?.total]).toEqual([7, '7', '7'])
})
