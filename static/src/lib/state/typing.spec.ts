import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { bo } from '../../testing/samples'
import { Typing } from './typing.svelte'

const send = vi.fn()
let typing: Typing

beforeEach(() => {
  vi.useFakeTimers()
  send.mockClear()
  typing = new Typing(send)
})

afterEach(() => vi.useRealTimers())

test('a writer is forgotten when they fall silent', () => {
  typing.apply({ room_id: '7', user: bo, on: true })
  typing.apply({ room_id: '7', user: bo, on: true })
  expect(typing.in('7')).toEqual([bo])
  vi.advanceTimersByTime(6_000)
  expect(typing.in('7')).toEqual([])
})

test('own typing is told in measure, and its end once', () => {
  for (let key = 0; key < 10; key += 1) typing.typed('7')
  vi.advanceTimersByTime(3_000)
  typing.typed('7')
  typing.stopped()
  typing.stopped()
  expect(send.mock.calls).toEqual([['7', true], ['7', true], ['7', false]])
})
