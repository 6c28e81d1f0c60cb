import { expect, test } from 'vitest'
import { shared } from '../testing/samples'
import { Refusal, Unreachable } from './errors'
import { endingOf, mayBeRetried, refusedFile, shownSize } from './files'
import { en } from './i18n/en'
import { I18n } from './i18n/i18n.svelte'

const picture = (width: number, height: number) => shared('1', { type: 'image/png', width, height })

test('a picture keeps its shape within what a conversation has room for', () => {
  expect(shownSize(picture(100, 80))).toEqual({ width: 100, height: 80 })
  expect(shownSize(picture(3600, 1200))).toEqual({ width: 360, height: 120 })
  expect(shownSize(picture(1200, 3000))).toEqual({ width: 120, height: 300 })
  expect(shownSize(picture(1, 9000))).toEqual({ width: 44, height: 300 })
})

test('what is no picture has no size', () => {
  expect(shownSize(shared('1'))).toBeNull()
  expect(shownSize(shared('1', { type: 'image/svg+xml', width: 9, height: 9 }))).toBeNull()
  expect(shownSize(shared('1', { type: 'image/png' }))).toBeNull()
})

test('the ending of a name', () => {
  expect(['a.pdf', 'b.tar.gz', 'c', '.d', 'e.f g', 'ภาพ.PNG'].map(endingOf)).toEqual(['PDF', 'GZ', '', 'D', '', 'PNG'])
})

test('sizes are counted as the limits are', () => {
  const i18n = new I18n()
  expect([0, 1, 1023, 1024, 1536, 10 * 1024 ** 2, 1024 ** 3, 5 * 1024 ** 4].map(i18n.bytes)).toEqual([
    '0 bytes', '1 byte', '1,023 bytes', '1 kB', '1.5 kB', '10 MB', '1 GB', '5,120 GB',
  ])
})

test('a refusal says its numbers', () => {
  const i18n = new I18n()
  const said = (code: string, numbers?: Record<string, number>) => refusedFile(new Refusal(code, '', numbers && { numbers }), i18n)
  expect(said('file_too_large', { limit: 10 * 1024 ** 2 })).toContain('up to 10 MB')
  expect(said('storage_full', { used: 1024, limit: 2048 })).toContain('1 kB of 2 kB')
  expect(said('file_too_large')).toBe(en.errors.file_too_large)
  expect(refusedFile(new Unreachable(''), i18n)).toBe(en.errors.unreachable)
})

test('only what may pass is tried again', () => {
  expect(mayBeRetried(new Unreachable(''))).toBe(true)
  expect(mayBeRetried(new Refusal('upload_cut', '', { status: 400 }))).toBe(true)
  expect(mayBeRetried(new Refusal('rate_limited', '', { status: 429, retryAfter: 3 }))).toBe(true)
  expect(mayBeRetried(new Refusal('file_too_large', '', { status: 413 }))).toBe(false)
})
