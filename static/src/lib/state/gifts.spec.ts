import { expect, test, vi } from 'vitest'
import { bo, me } from '../../testing/samples'
import type { Author, Gift, GiftPage, Member } from '../wire'
import { Gifts } from './gifts.svelte'

const gift = (op_id: string, other = bo) => ({ op_id, other }) as Gift
const zoe: Author = { id: '9', username: 'zoe' }
const member = (user: Author) => ({ user }) as Member

function gifts(pages: Record<string, GiftPage>) {
  const members: Record<string, Member[]> = { '7': [member(me), member(bo)], '8': [member(bo), member(zoe)] }
  return new Gifts({
    gifts: vi.fn(async (cursor?: string) => pages[cursor ?? 'start'] as GiftPage),
    members: async (roomId) => ({ members: members[roomId] ?? [] }),
    rooms: async () => [{ id: '7' }, { id: '8' }],
    me: me.id,
  })
}

test('the history goes on where it stopped, and ends', async () => {
  const history = gifts({ start: { gifts: [gift('3')], next: 'c' }, c: { gifts: [gift('2')], next: null } })
  await history.load()
  await history.more()
  await history.more()
  expect(history.list.map(({ op_id }) => op_id)).toEqual(['3', '2'])
})

test('a gift that just came stands on top, once', async () => {
  const history = gifts({ start: { gifts: [gift('3')], next: null } })
  history.add(gift('4'))
  expect(history.list).toEqual([])
  await history.load()
  history.add(gift('4'))
  history.add(gift('4'))
  expect(history.list.map(({ op_id }) => op_id)).toEqual(['4', '3'])
})

test('people are those of one’s rooms and of one’s gifts, each once and never oneself', async () => {
  const gone: Author = { id: '11', username: 'ann' }
  const history = gifts({ start: { gifts: [gift('3', gone), gift('2', bo)], next: null } })
  await history.load()
  expect((await history.people()).map(({ username }) => username)).toEqual(['ann', 'bo', 'zoe'])
})

test('closing the dialog of before leaves the one that is open now', () => {
  const history = gifts({})
  history.open({ recipient: bo })
  const before = history.intent!
  history.open()
  history.close(before)
  expect(history.intent).toEqual({})
  history.close(history.intent!)
  expect(history.intent).toBeNull()
})
