import { expect, test } from 'vitest'
import { bo, me, message } from '../testing/samples'
import { rowsOf, type Row } from './rows'
import type { Pending } from './state/outbox.svelte'

const at = (minutes: number) => new Date(2026, 10, 20, 12, minutes).toISOString()
const given = { messages: [], pending: [], me, fromBeginning: false, readBefore: null }
const pending = (clientId: string, minutes: number): Pending => ({
  order: 1, user: me.id, room: '7', clientId, body: clientId, files: [], at: at(minutes), failed: null, state: 'queued',
})
const shape = (rows: Row[]) => rows.map((row) => (row.kind === 'message' ? `${row.clientId}${row.leads ? ' leads' : ''}` : row.kind))

test('messages of one author within five minutes stand together', () => {
  const messages = [
    message(1, { at: at(0) }), message(2, { at: at(4) }), message(3, { at: at(8) }), message(4, { at: at(9), author: me }),
  ]
  expect(shape(rowsOf({ ...given, messages }))).toEqual(['day', 'c1 leads', 'c2', 'c3 leads', 'c4 leads'])
})

test('a new day has a separator and begins a group', () => {
  const messages = [message(1, { at: at(0) }), message(2, { at: at(24 * 60) })]
  expect(shape(rowsOf({ ...given, messages }))).toEqual(['day', 'c1 leads', 'day', 'c2 leads'])
})

test('a clock that runs behind makes no two rows of one key', () => {
  const messages = [message(1, { at: at(0) }), message(2, { at: at(24 * 60) })]
  const rows = rowsOf({ ...given, messages, pending: [pending('c9', 1)] })
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
})

test('the divider stands once, before the first unread message of somebody else', () => {
  const messages = [message(1), message(2, { author: me }), message(3), message(4)]
  expect(shape(rowsOf({ ...given, messages, readBefore: 1 }))).toEqual(['day', 'c1 leads', 'c2 leads', 'unread', 'c3 leads', 'c4'])
  expect(shape(rowsOf({ ...given, messages, readBefore: null }))).not.toContain('unread')
})

test('a message keeps its key from the composer to the server', () => {
  const before = rowsOf({ ...given, pending: [pending('c9', 0)] }).at(-1)
  const after = rowsOf({ ...given, messages: [message(9, { author: me, at: at(0) })], pending: [pending('c9', 0)] }).at(-1)
  expect(before).toMatchObject({ state: 'queued', seq: null })
  expect(after).toMatchObject({ state: 'sent', seq: 9, key: before?.key })
})

test('somebody else’s equal client id is another message', () => {
  const rows = rowsOf({ ...given, messages: [message(9, { author: bo, at: at(0) })], pending: [pending('c9', 1)] })
  expect(shape(rows)).toEqual(['day', 'c9 leads', 'c9 leads'])
  expect(new Set(rows.map((row) => row.key)).size).toBe(3)
})
