import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SocketDoor, type Wire } from '../socket'
import { Refusal, Unreachable } from '../errors'
import { BANNER_DELAY, Connection } from './connection.svelte'

class FakeWire {
  connected = false
  active = false
  connect = vi.fn(() => (this.active = true))
  disconnect = vi.fn(() => (this.active = this.connected = false))
  private readonly handlers = new Map<string, (value?: unknown) => void>()

  on(name: string, handler: (value?: unknown) => void) {
    this.handlers.set(name, handler)
  }

  async say(name: string, value?: unknown) {
    if (name === 'connect') this.connected = true
    if (name === 'disconnect') this.connected = false
    // As socket.io does when the server closed or refused.
    if (value) this.active = false
    this.handlers.get(name)?.(value)
    await vi.advanceTimersByTimeAsync(0)
  }
}

let wire: FakeWire
let connection: Connection
const listener = { admit: vi.fn(async () => true), online: vi.fn(), expired: vi.fn() }

beforeEach(() => {
  vi.useFakeTimers()
  vi.clearAllMocks()
  listener.admit.mockReset().mockResolvedValue(true)
  wire = new FakeWire()
  connection = new Connection(new SocketDoor(wire as unknown as Wire), listener)
  connection.start()
})

afterEach(() => vi.useRealTimers())

test('it is online once the account is admitted', async () => {
  await wire.say('connect')
  expect(connection.online).toBe(true)
  expect(listener.online).toHaveBeenCalledOnce()
})

test('a slow handshake is not begun again', async () => {
  await vi.advanceTimersByTimeAsync(60_000)
  expect(wire.connect).toHaveBeenCalledOnce()
  window.dispatchEvent(new Event('offline'))
  await wire.say('disconnect')
  window.dispatchEvent(new Event('online'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(wire.connect).toHaveBeenCalledTimes(2)
  connection.stop()
})

test('a short gap is not told, a long one is, until it is over', async () => {
  await wire.say('connect')
  await wire.say('disconnect')
  await vi.advanceTimersByTimeAsync(BANNER_DELAY - 1)
  expect(connection.told).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(connection.told).toBe(true)
  await wire.say('connect')
  expect(connection.told).toBe(false)
})

test('the browser’s own word on the network counts at once', async () => {
  await wire.say('connect')
  window.dispatchEvent(new Event('offline'))
  expect(wire.disconnect).toHaveBeenCalled()
  wire.connect.mockClear()
  window.dispatchEvent(new Event('online'))
  expect(wire.connect).toHaveBeenCalledOnce()
  connection.stop()
})

test('after the server closed it, it comes back by itself', async () => {
  await wire.say('connect')
  wire.connect.mockClear()
  await wire.say('disconnect', 'io server disconnect')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(wire.connect).toHaveBeenCalledOnce()
})

test('a refused session ends it; another refusal does not', async () => {
  await wire.say('connect_error', { data: { code: 'unavailable' } })
  expect(listener.expired).not.toHaveBeenCalled()
  await wire.say('connect_error', { data: { code: 'unauthenticated' } })
  expect(listener.expired).toHaveBeenCalledOnce()
})

test('a revoked session does not reconnect', async () => {
  await wire.say('connect')
  wire.connect.mockClear()
  await wire.say('session.revoked')
  await wire.say('disconnect')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(wire.connect).not.toHaveBeenCalled()
  expect(listener.expired).toHaveBeenCalledOnce()
})

test('nothing is sent as another account', async () => {
  listener.admit.mockResolvedValueOnce(false)
  await wire.say('connect')
  expect(connection.online).toBe(false)
  expect(listener.online).not.toHaveBeenCalled()
})

test('when the account cannot be asked for, it tries again; when it is refused, it ends', async () => {
  listener.admit.mockRejectedValueOnce(new Unreachable('no'))
  wire.connect.mockClear()
  await wire.say('connect')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(wire.connect).toHaveBeenCalledOnce()
  listener.admit.mockRejectedValueOnce(new Refusal('unauthenticated', ''))
  await wire.say('connect')
  expect(listener.expired).toHaveBeenCalledOnce()
})
