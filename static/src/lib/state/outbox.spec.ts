import 'fake-indexeddb/auto'
import { beforeEach, expect, test, vi } from 'vitest'
import { deferred, me, message, settle, shared } from '../../testing/samples'
import { Refusal, Unreachable } from '../errors'
import { Store } from '../store'
import type { MessageSent } from '../wire'
import { Outbox, type OutboxDoors } from './outbox.svelte'

type Send = OutboxDoors['send']

let store: Store
let online: boolean
let ids: number
let databases = 0
const send = vi.fn<Send>()
const sent = vi.fn()
const sleep = vi.fn(async () => settle())

/** As navigator.locks: one holder at a time, in order of asking. */
function locks(): OutboxDoors['exclusively'] {
  const tails = new Map<string, Promise<unknown>>()
  return (name, work) => {
    const turn = (tails.get(name) ?? Promise.resolve()).then(work)
    tails.set(name, turn.catch(() => undefined))
    return turn
  }
}

function tab(exclusively = locks(), user = me.id, changed: () => void = () => undefined): Outbox {
  const newId = () => `id-${(ids += 1)}`
  const now = () => new Date('2026-11-20T12:00:00Z')
  return new Outbox(user, { store, exclusively, send, sent, online: () => online, changed, sleep, newId, now })
}

const answer = (clientId: string): MessageSent => ({ message: message(5, { author: me, client_id: clientId }), seq: 5, duplicate: false })
const states = (outbox: Outbox) => outbox.pending.map(({ body, state }) => `${body} ${state}`)
const bodies = () => send.mock.calls.map(([unsent]) => unsent.body)

async function quiet() {
  for (let turn = 0; turn < 30; turn += 1) await settle()
}

beforeEach(async () => {
  store = await Store.open(`spec-${(databases += 1)}`)
  online = true
  ids = 0
  vi.clearAllMocks()
  send.mockReset().mockImplementation(async ({ client_id }) => answer(client_id))
})

test('a message is sent once and stays in sight until it is confirmed', async () => {
  const outbox = tab()
  await outbox.post('7', 'hello')
  await quiet()
  expect(send).toHaveBeenCalledExactlyOnceWith({ room_id: '7', client_id: 'id-1', body: 'hello', file_ids: [] })
  expect(states(outbox)).toEqual(['hello sent'])
  expect(await store.unsent(me.id)).toEqual([])
  outbox.confirm(['id-1'])
  expect(outbox.pending).toEqual([])
})

test('messages of a room go one at a time, in order', async () => {
  const first = deferred<MessageSent>()
  send.mockReturnValueOnce(first.promise)
  const outbox = tab()
  for (const body of ['one', 'two', 'three']) await outbox.post('7', body)
  await quiet()
  expect(bodies()).toEqual(['one'])
  first.resolve(answer('id-1'))
  await quiet()
  expect(bodies()).toEqual(['one', 'two', 'three'])
})

test('a message written while the database is looked into for the last time is sent', async () => {
  const made: { outbox?: Outbox } = {}
  let written = false
  const shared = locks()
  const outbox = tab(async (name, work) => {
    const step = await shared(name, work)
    if (written) return step
    written = true
    await made.outbox?.post('7', 'just in time')
    return step
  })
  made.outbox = outbox
  outbox.pending.push({ order: null, user: me.id, room: '7', clientId: 'x', body: '', files: [], at: '', failed: null, state: 'sent' })
  outbox.kick()
  await quiet()
  expect(bodies()).toEqual(['just in time'])
})

test('offline it waits, and a reload loses nothing', async () => {
  online = false
  await tab().post('7', 'kept')
  const reloaded = tab()
  await reloaded.load()
  await quiet()
  expect(states(reloaded)).toEqual(['kept queued'])
  expect(send).not.toHaveBeenCalled()
  online = true
  reloaded.kick()
  await quiet()
  expect(bodies()).toEqual(['kept'])
})

test.each([
  ['no answer', new Unreachable('timeout')],
  ['a request to retry', new Refusal('unavailable', '', { retry: true })],
  ['a rate limit', new Refusal('rate_limited', '', { retryAfter: 3 })],
])('%s is tried again as the same intent', async (_name, error) => {
  send.mockRejectedValueOnce(error)
  const outbox = tab()
  await outbox.post('7', 'again')
  await quiet()
  expect(send.mock.calls.map(([unsent]) => unsent.client_id)).toEqual(['id-1', 'id-1'])
  expect(states(outbox)).toEqual(['again sent'])
})

test('a rate limit is waited for as long as the server says', async () => {
  send.mockRejectedValueOnce(new Refusal('rate_limited', '', { retryAfter: 60 }))
  await tab().post('7', 'later')
  await quiet()
  expect(sleep).toHaveBeenCalledWith(60_000)
})

test('a refusal keeps the text, and does not hold up what comes after', async () => {
  send.mockRejectedValueOnce(new Refusal('too_large', ''))
  const outbox = tab()
  await outbox.post('7', 'refused')
  await outbox.post('7', 'next')
  await quiet()
  expect(states(outbox)).toEqual(['refused failed', 'next sent'])
  const reloaded = tab()
  await reloaded.load()
  expect(reloaded.pending.map(({ failed }) => failed)).toEqual(['too_large'])
  expect(await reloaded.discard('id-1')).toEqual({ body: 'refused', files: [] })
  expect(await store.unsent(me.id)).toEqual([])
})

test('a retried message is the same intent', async () => {
  send.mockRejectedValueOnce(new Refusal('internal', ''))
  const outbox = tab()
  await outbox.post('7', 'twice')
  await quiet()
  await outbox.retry('id-1')
  await quiet()
  expect(send.mock.calls.map(([unsent]) => unsent.client_id)).toEqual(['id-1', 'id-1'])
  expect(states(outbox)).toEqual(['twice sent'])
})

test('an echo before the answer settles it', async () => {
  const late = deferred<MessageSent>()
  send.mockReturnValueOnce(late.promise)
  const outbox = tab()
  await outbox.post('7', 'echoed')
  await quiet()
  outbox.confirm(['id-1'])
  late.resolve(answer('id-1'))
  await quiet()
  expect(outbox.pending).toEqual([])
  expect(await store.unsent(me.id)).toEqual([])
})

test('two tabs send each message once, in the order of writing', async () => {
  const shared = locks()
  const [left, right] = [tab(shared), tab(shared)]
  online = false
  await left.post('7', 'one')
  await right.post('7', 'two')
  await left.post('7', 'three')
  online = true
  await Promise.all([left.load(), right.load()])
  await quiet()
  expect(bodies()).toEqual(['one', 'two', 'three'])
})

test('what another tab has sent stays in sight until its echo', async () => {
  online = false
  const outbox = tab()
  await outbox.post('7', 'elsewhere')
  await store.drop((await store.unsent(me.id))[0]?.order ?? 0)
  await outbox.load()
  expect(states(outbox)).toEqual(['elsewhere sent'])
})

test('another account never sends what this one wrote', async () => {
  online = false
  await tab().post('7', 'mine')
  online = true
  const other = tab(locks(), '99')
  await other.load()
  await quiet()
  expect(send).not.toHaveBeenCalled()
  expect(other.pending).toEqual([])
})

test('a message that cannot be stored is shown as failed', async () => {
  vi.spyOn(store, 'keep').mockRejectedValueOnce(new Error('quota'))
  const outbox = tab()
  await outbox.post('7', 'no room')
  await quiet()
  expect(states(outbox)).toEqual(['no room failed'])
  expect(send).not.toHaveBeenCalled()
})

test('files go with their message, and come back with it', async () => {
  send.mockRejectedValueOnce(new Refusal('file_not_found', ''))
  const outbox = tab()
  await outbox.post('7', '', [shared('f1'), shared('f2')])
  await quiet()
  expect(send).toHaveBeenCalledExactlyOnceWith({ room_id: '7', client_id: 'id-1', body: '', file_ids: ['f1', 'f2'] })
  expect(await tab().load()).toBeUndefined()
  expect(await outbox.discard('id-1')).toEqual({ body: '', files: [shared('f1'), shared('f2')] })
})
