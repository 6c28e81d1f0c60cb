import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Unreachable } from '../errors'
import { Reads } from './reads.svelte'

const send = vi.fn<(roomId: string, seq: number) => Promise<void>>()
let reads: Reads

beforeEach(() => {
  vi.useFakeTimers()
  send.mockReset().mockResolvedValue(undefined)
  reads = new Reads(send)
  reads.attentive = true
})

afterEach(() => vi.useRealTimers())

test('many looks are one command, for the farthest', async () => {
  for (const seq of [4, 6, 5]) reads.see('7', seq)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(send).toHaveBeenCalledExactlyOnceWith('7', 6)
})

test('nothing is read where nobody looks', async () => {
  reads.attentive = false
  reads.see('7', 6)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(send).not.toHaveBeenCalled()
})

test('the position never goes back', async () => {
  reads.see('7', 6)
  await vi.advanceTimersByTimeAsync(1_000)
  reads.see('7', 5)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(send).toHaveBeenCalledOnce()
})

test('a position that did not arrive is sent at the next look', async () => {
  send.mockRejectedValueOnce(new Unreachable('offline'))
  reads.see('7', 6)
  await vi.advanceTimersByTimeAsync(1_000)
  reads.see('7', 6)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(send).toHaveBeenCalledTimes(2)
})
