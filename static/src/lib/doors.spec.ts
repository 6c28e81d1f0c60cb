import { expect, test, vi } from 'vitest'
import { Api } from './api'
import { ApiError, Refusal, Unreachable } from './errors'
import { SocketDoor, type Wire } from './socket'

const api = (answer: () => Promise<Response>) => new Api(vi.fn(answer))

function door(connected: boolean, emitWithAck: () => Promise<unknown>): SocketDoor {
  return new SocketDoor({ connected, timeout: () => ({ emitWithAck }) } as unknown as Wire)
}

test('a problem document becomes a typed error with its numbers and fields', async () => {
  const body = { code: 'room_limit_reached', status: 409, detail: 'no more', limit: 5, errors: [{ pointer: '#/name', message: 'too long' }] }
  const error = await api(async () => Response.json(body, { status: 409 })).rooms().catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ code: 'room_limit_reached', options: { status: 409, numbers: { limit: 5 }, fields: { name: 'too long' } } })
})

test('no answer, or one of a proxy, is unreachable', async () => {
  await expect(api(async () => Promise.reject(new TypeError('network'))).me()).rejects.toThrow(Unreachable)
  await expect(api(async () => new Response('<html>', { status: 502 })).me()).rejects.toThrow(Unreachable)
})

test('an answer without content is one', async () => {
  await expect(api(async () => new Response(null, { status: 204 })).logout()).resolves.toBeUndefined()
})

test('only what is known is asked for', async () => {
  const fetch = vi.fn(async () => Response.json({ messages: [], has_more: false }))
  await new Api(fetch).messages('7', { before: 9, limit: 50 })
  expect(fetch).toHaveBeenCalledWith('/api/rooms/7/messages?before=9&limit=50', expect.objectContaining({ method: 'GET' }))
})

test('a command without a connection is never given to socket.io', async () => {
  const emit = vi.fn(async () => ({ ok: true }))
  await expect(door(false, emit).call('room.close', { room_id: '7' })).rejects.toThrow(Unreachable)
  expect(emit).not.toHaveBeenCalled()
})

test('an acknowledged refusal is typed, a missing one is unreachable', async () => {
  const refused = { ok: false, code: 'rate_limited', detail: 'slow down', retry_after: 3, limit: 10 }
  const error = await door(true, async () => refused).call('typing.set', { room_id: '7', on: true }).catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(Refusal)
  expect(error).toMatchObject({ code: 'rate_limited', options: { retryAfter: 3, numbers: { limit: 10 } } })
  const silent = door(true, () => Promise.reject(new Error('timeout')))
  await expect(silent.call('room.close', { room_id: '7' })).rejects.toThrow(Unreachable)
})

test('what moves money carries the name of its intent', async () => {
  const fetch = vi.fn(async (_path: string, _init: RequestInit) => Response.json({}))
  await new Api(fetch as unknown as typeof globalThis.fetch).claimDaily('intent-1')
  const [path, init] = fetch.mock.calls[0]!
  expect([path, init.method, new Headers(init.headers).get('idempotency-key')]).toEqual(['/api/tokens/claim-daily', 'POST', 'intent-1'])
  expect(init.body).toBeUndefined()
})
