import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { EPOCH, bo, feedback, joined, me, membership, message, posted, reacted, settle } from '../testing/samples'
import type { Api } from './api'
import { Unreachable } from './errors'
import { Hall } from './hall.svelte'
import { SocketDoor, type Wire } from './socket'
import { Store } from './store'
import type { Message, User } from './wire'

const user: User = { ...me, role: 'member', created_at: '2026-11-20T12:00:00.000Z' }
const answers: Record<string, (payload: { client_id?: string; body?: string }) => object> = {}
const commands: string[] = []
const handlers = new Map<string, (value?: unknown) => void>()
const replaced = vi.fn()
const sleep = vi.fn(async () => undefined)
let wire: { connected: boolean } & Record<string, unknown>
let api: Record<string, ReturnType<typeof vi.fn>>
let hall: Hall
let databases = 0

async function quiet() {
  for (let turn = 0; turn < 20; turn += 1) await settle()
}

async function push(name: string, value?: unknown) {
  if (name === 'connect') wire.connected = true
  handlers.get(name)?.(value)
  await quiet()
}

const emitWithAck = async (name: string, payload: object) => {
  commands.push(name)
  return { ok: true, ...answers[name]?.(payload) }
}

beforeEach(async () => {
  vi.stubGlobal('navigator', { ...navigator, locks: { request: (_name: string, work: () => unknown) => work() } })
  replaced.mockClear()
  commands.length = 0
  handlers.clear()
  wire = {
    connected: false, active: false, connect: vi.fn(), disconnect: vi.fn(), off: vi.fn(),
    on: (name: string, handler: () => void) => handlers.set(name, handler),
    timeout: () => ({ emitWithAck }),
  }
  api = {
    me: vi.fn(async () => user),
    rooms: vi.fn(async () => ({ epoch: EPOCH, rooms: [membership()] })),
    balance: vi.fn(async () => ({ balance: '1' })),
    gifts: vi.fn(async () => ({ gifts: [], next: null })),
    messages: vi.fn(async () => ({ messages: [message(9), message(10)] satisfies Message[], has_more: false })),
  }
  answers['room.open'] = () => ({ head: 10, read_seq: 10, epoch: EPOCH, online: [bo.id] })
  answers['room.sync'] = () => ({ events: [posted(11), posted(12)], upto: 12, limited: false, epoch: EPOCH })
  const store = await Store.open(`hall-${(databases += 1)}`)
  const door = new SocketDoor(wire as unknown as Wire)
  hall = new Hall(user, { api: api as unknown as Api, door, store, expired: vi.fn(), replaced, sleep })
  await hall.start()
})

afterEach(() => {
  hall.stop()
  vi.unstubAllGlobals()
})

const seqs = () => hall.timeline('7').messages.map(({ seq }) => seq)

test('after connecting, the shown room is opened before its messages are asked for', async () => {
  void hall.show('7')
  await push('connect')
  expect(commands[0]).toBe('room.open')
  expect(seqs()).toEqual([9, 10])
  expect(hall.present.get('7')).toEqual([bo.id])
})

test('a room that could not be opened is tried again by itself, and its events then flow', async () => {
  void hall.show('7')
  const opened = answers['room.open']
  answers['room.open'] = () => {
    answers['room.open'] = opened!
    throw new Error('timeout')
  }
  api.messages?.mockRejectedValueOnce(new Unreachable())
  await push('connect')
  await quiet()
  expect(commands).toEqual(['room.open', 'room.open', 'room.open'])
  expect(seqs()).toEqual([9, 10])
})

test('a room that one may not open is asked for once', async () => {
  void hall.show('7')
  answers['room.open'] = () => ({ ok: false, code: 'forbidden', detail: '', retry: false })
  await push('connect')
  await quiet()
  expect(commands).toEqual(['room.open'])
  expect(hall.timeline('7').status).toBe('failed')
})

test('the list of rooms is asked for until it comes', async () => {
  void hall.show('7')
  api.rooms?.mockRejectedValueOnce(new Unreachable()).mockRejectedValueOnce(new Unreachable())
  await push('connect')
  await quiet()
  expect(seqs()).toEqual([9, 10])
})

test('as somebody else nothing is opened and nothing is sent', async () => {
  await hall.outbox.post('7', 'mine')
  api.me?.mockResolvedValueOnce({ ...user, id: '99' })
  await push('connect')
  expect(replaced).toHaveBeenCalledOnce()
  expect(commands).toEqual([])
})

test('what was written offline is sent on connecting, and its answer takes its place', async () => {
  void hall.show('7')
  await hall.outbox.post('7', 'late')
  answers['message.send'] = ({ client_id = '', body = '' }) => {
    const stored = message(11, { client_id, body, author: me })
    return { message: stored, seq: 11, duplicate: false }
  }
  await push('connect')
  await quiet()
  await push('room.event', posted(11, { author: me, client_id: hall.outbox.pending[0]?.clientId ?? '' }))
  expect(commands.filter((name) => name === 'message.send')).toHaveLength(1)
  expect(seqs()).toEqual([9, 10, 11])
  expect(hall.outbox.pending).toEqual([])
})

test('a head beyond what is here is caught up with', async () => {
  void hall.show('7')
  await push('connect')
  await push('rooms.heads', { epoch: EPOCH, heads: { '7': 12 } })
  expect(seqs()).toEqual([9, 10, 11, 12])
})

test('another epoch reloads everything', async () => {
  void hall.show('7')
  await push('connect')
  api.rooms?.mockResolvedValue({ epoch: 'second', rooms: [membership({ head: 2, read_seq: 0 })] })
  api.messages?.mockResolvedValue({ messages: [message(2)], has_more: false })
  answers['room.open'] = () => ({ head: 2, read_seq: 0, epoch: 'second', online: [] })
  await push('rooms.heads', { epoch: 'second', heads: { '7': 2 } })
  await quiet()
  expect(seqs()).toEqual([2])
})

test('a message by somebody else in the shown room is heard, own ones are not', async () => {
  void hall.show('7')
  await push('connect')
  await push('room.event', posted(11, { author: me }))
  expect(hall.heard).toBeNull()
  await push('room.event', posted(12))
  expect(hall.heard?.seq).toBe(12)
})

test('what one thinks of a message is shown though its event was lost', async () => {
  await push('connect')
  await hall.show('7')
  const mine = feedback('m9', 11, { choice: { user_id: me.id, emojis: ['👍'], helpful: false } })
  answers['reaction.set'] = () => ({ feedback: mine, seq: 11 })
  answers['room.sync'] = () => ({ events: [reacted(11, mine, me)], upto: 11, limited: false, epoch: EPOCH })
  await hall.react('7', 'm9', '👍', true)
  await quiet()
  expect(hall.timeline('7').messages[0]?.feedback?.reactions[0]?.count).toBe(1)
  expect(commands).toContain('room.sync')
})

test('a change of who is in a room is told to whoever lists them', async () => {
  await push('connect')
  const before = hall.comings
  await push('room.event', joined(11))
  expect(hall.comings).toBe(before + 1)
  await push('room.event', posted(12))
  expect(hall.comings).toBe(before + 1)
})

test('a gift that comes in is told and stands in the history', async () => {
  await hall.gift.load()
  const gift = { op_id: '5', at: '', direction: 'received', other: bo, amount: '5', note: 'thanks', room_id: null }
  await push('gift.received', { gift })
  expect(hall.notices.list).toMatchObject([{ kind: 'gift', gift }])
  expect(hall.gift.list).toEqual([gift])
})

test('another tier is told', async () => {
  await push('tier.changed', { before: 'bronze', tier: 'silver', up: true, at: '' })
  expect(hall.notices.list).toMatchObject([{ kind: 'tier', tier: 'silver', up: true }])
})
