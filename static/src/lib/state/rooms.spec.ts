import { beforeEach, expect, test, vi } from 'vitest'
import { bo, deferred, feedback, joined, me, membership, posted, reacted } from '../../testing/samples'
import type { Membership } from '../wire'
import { Rooms } from './rooms.svelte'

const load = vi.fn<() => Promise<{ epoch: string; rooms: Membership[] }>>()
const left = vi.fn()
let rooms: Rooms

beforeEach(() => {
  vi.clearAllMocks()
  load.mockReset().mockImplementation(async () => ({ epoch: 'first', rooms: [membership()] }))
  rooms = new Rooms(me.id, { load, left })
})

test('messages by others count as unread, own ones do not', async () => {
  await rooms.load()
  rooms.apply(posted(11))
  rooms.apply(posted(12, { author: me }))
  expect(rooms.get('7')).toMatchObject({ head: 12, unread: 1 })
  expect(rooms.totalUnread).toBe(1)
})

test('an event counts once, and a hole is told', async () => {
  await rooms.load()
  expect(rooms.apply(posted(11))).toBe(true)
  expect(rooms.apply(posted(11))).toBe(true)
  expect(rooms.apply(posted(14))).toBe(false)
  expect(rooms.get('7')?.unread).toBe(2)
})

test('events during a load are counted on top of it', async () => {
  await rooms.load()
  const answer = deferred<{ epoch: string; rooms: Membership[] }>()
  load.mockReturnValueOnce(answer.promise)
  const loading = rooms.load()
  rooms.apply(posted(11))
  rooms.apply(posted(12))
  answer.resolve({ epoch: 'first', rooms: [membership({ head: 11, unread: 1 })] })
  await loading
  expect(rooms.get('7')).toMatchObject({ head: 12, unread: 2 })
})

test('a reaction takes its number and is nothing to read', async () => {
  await rooms.load()
  expect(rooms.apply(reacted(11, feedback('m9', 11)))).toBe(true)
  expect(rooms.get('7')).toMatchObject({ head: 11, unread: 0, name: 'Bookbinding' })
})

test('one’s own appointment is known at once', async () => {
  await rooms.load()
  const event = joined(11, me)
  rooms.apply(event.kind === 'member.changed' ? { ...event, member: { ...event.member, role: 'moderator' } } : event)
  expect(rooms.get('7')?.role).toBe('moderator')
})

test('overlapping loads share one request', async () => {
  await Promise.all([rooms.load(), rooms.load()])
  expect(load).toHaveBeenCalledOnce()
})

test('the read position of another device counts, but never backwards', async () => {
  await rooms.load()
  rooms.applyRead({ room_id: '7', read_seq: 12, unread: 0 })
  rooms.applyRead({ room_id: '7', read_seq: 11, unread: 1 })
  expect(rooms.get('7')).toMatchObject({ read_seq: 12, unread: 0 })
})

test('members come and go; leaving oneself takes the room away', async () => {
  await rooms.load()
  rooms.apply(joined(11, bo))
  expect(rooms.get('7')?.members).toBe(2)
  const gone = joined(12, me)
  if (gone.kind === 'member.changed') gone.member.role = null
  rooms.apply(gone)
  expect(rooms.list).toEqual([])
  expect(left).toHaveBeenCalledWith('7')
})

test('rooms stand in the order of their names', async () => {
  await rooms.load()
  rooms.upsert(membership({ id: '8', name: 'Room 10' }))
  rooms.upsert(membership({ id: '9', name: 'room 9' }))
  expect(rooms.list.map(({ name }) => name)).toEqual(['Bookbinding', 'room 9', 'Room 10'])
})
