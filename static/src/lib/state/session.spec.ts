import { beforeEach, expect, test, vi } from 'vitest'
import { ApiError, Unreachable } from '../errors'
import type { User } from '../wire'
import { Session } from './session.svelte'

const ada: User = { id: '1', username: 'ada', role: 'member', created_at: '2026-11-20T12:00:00.000Z' }
const me = vi.fn<() => Promise<User>>()
const logout = vi.fn<() => Promise<void>>()
let session: Session

beforeEach(() => {
  localStorage.clear()
  me.mockReset().mockResolvedValue(ada)
  logout.mockReset().mockResolvedValue(undefined)
  session = new Session({ me, logout })
})

test('the server says who is signed in', async () => {
  await session.restore()
  expect([session.status, session.user]).toEqual(['in', ada])
})

test('without a session one is out, and nothing is remembered', async () => {
  session.begin(ada)
  me.mockRejectedValueOnce(new ApiError('unauthenticated', ''))
  await session.restore()
  expect(session.status).toBe('out')
  expect(localStorage.getItem('guildhall.account')).toBeNull()
})

test('offline it is who it was', async () => {
  session.begin(ada)
  me.mockRejectedValueOnce(new Unreachable(''))
  const reloaded = new Session({ me, logout })
  await reloaded.restore()
  expect([reloaded.status, reloaded.user]).toEqual(['in', ada])
})

test('offline with nobody remembered the server is needed', async () => {
  me.mockRejectedValueOnce(new Unreachable(''))
  await session.restore()
  expect(session.status).toBe('unreachable')
})

test('signing out needs the server, unless the session is over already', async () => {
  session.begin(ada)
  logout.mockRejectedValueOnce(new Unreachable(''))
  await expect(session.signOut()).rejects.toThrow(Unreachable)
  expect(session.status).toBe('in')
  logout.mockRejectedValueOnce(new ApiError('unauthenticated', ''))
  await session.signOut()
  expect(session.status).toBe('out')
})

test('another account in another tab is noticed', () => {
  session.begin(ada)
  const changed = vi.fn()
  const stop = session.watch(changed)
  localStorage.setItem('guildhall.account', JSON.stringify({ ...ada, id: '2' }))
  window.dispatchEvent(new StorageEvent('storage', { key: 'guildhall.account' }))
  expect(changed).toHaveBeenCalledOnce()
  stop()
})
