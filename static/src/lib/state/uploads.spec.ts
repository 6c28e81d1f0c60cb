import { beforeEach, expect, test, vi } from 'vitest'
import { deferred, settle, shared } from '../../testing/samples'
import { Refusal, Unreachable } from '../errors'
import type { SharedFile } from '../wire'
import { Uploads, type UploadDoors } from './uploads.svelte'

const upload = vi.fn<UploadDoors['upload']>()
const discard = vi.fn(async (_: string) => undefined)
const limits = { used: 0, limit: 100, file: 50 }
let online: boolean
let ids: number
let uploads: Uploads

const file = (name: string, size = 5) => new File(['x'.repeat(size)], name)
const states = () => uploads.of('7').map(({ name, state }) => `${name} ${state}`)

beforeEach(() => {
  online = true
  ids = 0
  upload.mockReset().mockImplementation(async (_, { name }) => shared(name))
  discard.mockClear()
  uploads = new Uploads({ upload, discard, storage: async () => limits, online: () => online, newId: () => `u${(ids += 1)}` })
})

test('a file is uploaded at once, tells how far it is, and leaves with the message', async () => {
  const answer = deferred<SharedFile>()
  upload.mockReturnValueOnce(answer.promise)
  uploads.add('7', [file('a')])
  await settle()
  upload.mock.calls[0]?.[2](0.4)
  expect(uploads.of('7')).toMatchObject([{ name: 'a', size: 5, state: 'moving', moved: 0.4 }])
  expect(uploads.take('7')).toEqual([])
  answer.resolve(shared('a'))
  await settle()
  expect(states()).toEqual(['a done'])
  expect(uploads.take('7')).toEqual([shared('a')])
  expect(uploads.list).toEqual([])
})

test('a message takes four files, those of another room not counted', async () => {
  uploads.add('8', [file('other')])
  expect(uploads.add('7', ['a', 'b', 'c'].map((name) => file(name)))).toBe(0)
  expect(uploads.add('7', ['d', 'e', 'f'].map((name) => file(name)))).toBe(2)
  expect(uploads.of('7').map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
})

test('what would be refused is refused here, with its numbers, and nothing travels', async () => {
  limits.used = 70
  uploads.add('7', [file('large', 51), file('full', 31), file('empty', 0)])
  await settle()
  const failures = uploads.of('7').map(({ failure }) => failure as Refusal)
  expect(failures.map(({ code }) => code)).toEqual(['file_too_large', 'storage_full', 'file_empty'])
  expect(failures.map(({ options }) => options.numbers)).toEqual([{ limit: 50 }, { limit: 100, used: 70 }, undefined])
  expect(upload).not.toHaveBeenCalled()
  limits.used = 0
})

test('a refusal of the server stands at its file, and can be tried again', async () => {
  upload.mockRejectedValueOnce(new Refusal('rate_limited', ''))
  uploads.add('7', [file('a'), file('b')])
  await settle()
  expect(states()).toEqual(['a failed', 'b done'])
  uploads.retry('u1')
  await settle()
  expect(states()).toEqual(['a done', 'b done'])
})

test('without a connection a file waits for it; one that is lost meanwhile too', async () => {
  online = false
  uploads.add('7', [file('a')])
  await settle()
  expect(states()).toEqual(['a waiting'])
  online = true
  upload.mockImplementationOnce(async () => {
    online = false
    throw new Unreachable('')
  })
  uploads.kick()
  await settle()
  expect(states()).toEqual(['a waiting'])
  online = true
  uploads.kick()
  await settle()
  expect(states()).toEqual(['a done'])
})

test('an upload that got no answer while others do is told of', async () => {
  upload.mockRejectedValueOnce(new Unreachable(''))
  uploads.add('7', [file('a')])
  await settle()
  expect(states()).toEqual(['a failed'])
})

test('removing a file stops its upload', async () => {
  const answer = deferred<SharedFile>()
  upload.mockReturnValue(answer.promise)
  uploads.add('7', [file('a'), file('b')])
  await settle()
  const signals = upload.mock.calls.map((call) => call[3])
  uploads.remove('u1')
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  answer.reject(new Unreachable(''))
  await settle()
  expect(states()).toEqual(['b failed'])
  uploads.stop()
  expect(uploads.list).toEqual([])
})

test('a file that is taken out is given up by the server too, one that leaves with a message is not', async () => {
  uploads.add('7', [file('a'), file('b')])
  await settle()
  uploads.remove('u1')
  expect(discard).toHaveBeenCalledExactlyOnceWith('a')
  expect(uploads.take('7')).toHaveLength(1)
  expect(discard).toHaveBeenCalledOnce()
})

test('files of a message that was taken back are there again', () => {
  uploads.restore('7', [shared('a')])
  expect(states()).toEqual(['a.txt done'])
  expect(uploads.take('7')).toEqual([shared('a')])
})
