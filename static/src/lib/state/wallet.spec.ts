import { expect, test, vi } from 'vitest'
import { deferred } from '../../testing/samples'
import type { Balance, Entry, Explanation, Statement } from '../wire'
import { Wallet } from './wallet.svelte'

const balance = (amount: string) => ({ balance: amount }) as Balance
const entry = (id: string) => ({ id, op_id: `op${id}` }) as Entry

test('an answer never replaces a newer push', async () => {
  const answer = deferred<Balance>()
  const wallet = new Wallet({ balance: () => answer.promise, history: vi.fn(), explain: vi.fn() })
  const refreshing = wallet.refresh()
  wallet.changed(balance('12'))
  answer.resolve(balance('11'))
  await refreshing
  expect(wallet.balance?.balance).toBe('12')
})

test('the statement goes on where it stopped, and ends', async () => {
  const pages: Record<string, Statement> = { start: { entries: [entry('3')], next: 'c' }, c: { entries: [entry('2')], next: null } }
  const history = vi.fn(async (cursor?: string) => pages[cursor ?? 'start'] as Statement)
  const wallet = new Wallet({ balance: vi.fn(), history, explain: vi.fn() })
  await wallet.openStatement()
  await wallet.more()
  await wallet.more()
  expect(wallet.entries.map(({ id }) => id)).toEqual(['3', '2'])
  expect(history).toHaveBeenCalledTimes(2)
})

test('a reason is asked for once', async () => {
  const explain = vi.fn(async (op_id: string) => ({ op_id }) as Explanation)
  const wallet = new Wallet({ balance: vi.fn(), history: vi.fn(), explain })
  await wallet.explain('op1')
  await wallet.explain('op1')
  expect(explain).toHaveBeenCalledOnce()
  expect(wallet.explanations.get('op1')?.op_id).toBe('op1')
})

test('what has happened since stands on top of an open statement, once', async () => {
  let newest = ['3', '2']
  const history = vi.fn(async () => ({ entries: newest.map(entry), next: 'c' }) as Statement)
  const wallet = new Wallet({ balance: vi.fn(), history, explain: vi.fn() })
  await wallet.catchUp()
  expect(history).not.toHaveBeenCalled()
  await wallet.openStatement()
  newest = ['4', '3']
  await Promise.all([wallet.catchUp(), wallet.catchUp()])
  expect(wallet.entries.map(({ id }) => id)).toEqual(['4', '3', '2'])
  // So much that the page does not reach what is known: it begins anew rather than with a hole.
  newest = ['9', '8']
  await wallet.catchUp()
  expect(wallet.entries.map(({ id }) => id)).toEqual(['9', '8'])
})
