import { expect, test } from 'vitest'
import { Refusal, Unreachable } from '../errors'
import { en } from './en'
import { I18n } from './i18n.svelte'
import { th } from './th'

test('amounts keep every digit', () => {
  const i18n = new I18n()
  expect(i18n.amount('9007199254740993.123456')).toBe('9,007,199,254,740,993.123456')
  expect(i18n.change('-3.5')).toBe('-3.5')
  expect(i18n.change('+1')).toBe('+1')
})

test('Thai counts Gregorian years', async () => {
  const i18n = new I18n()
  await i18n.use('th')
  const shown = i18n.moment('2026-11-20T12:00:00.000Z')
  expect(shown).toContain('2026')
  expect(shown).not.toContain('2569')
  expect(i18n.t.rooms.title).toBe(th.rooms.title)
})

test('days have names near today', () => {
  const i18n = new I18n()
  const now = new Date(2026, 10, 20, 9)
  expect(i18n.day(new Date(2026, 10, 20, 1).toISOString(), now)).toBe('Today')
  expect(i18n.day(new Date(2026, 10, 19, 23).toISOString(), now)).toBe('Yesterday')
  expect(i18n.day(new Date(2026, 10, 18).toISOString(), now)).toContain('18 November 2026')
})

test('a refusal is told in words, with its wait', () => {
  const i18n = new I18n()
  expect(i18n.reason(new Refusal('rate_limited', '', { retryAfter: 2.2 }))).toContain('3 seconds')
  expect(i18n.reason(new Refusal('unheard_of', 'The server’s own words'))).toBe('The server’s own words')
  expect(i18n.reason(new Unreachable(''))).toBe(en.errors.unreachable)
})

test('long waits are told in minutes', () => {
  expect(new I18n().reason(new Refusal('pin_locked', '', { retryAfter: 900 }))).toContain('15 minutes')
})

test('weeks begin on Monday, and days of the calendar know no time zone', () => {
  const i18n = new I18n()
  expect(i18n.weekdays('long')[0]).toBe('Monday')
  expect(i18n.month('2026-11-01')).toBe('November 2026')
  expect(i18n.date('2026-11-01')).toBe('1 Nov')
})

/** Every path of words in a dictionary. */
function paths(words: object, at = ''): string[] {
  return Object.entries(words).flatMap(([key, value]) => (typeof value === 'object' ? paths(value as object, `${at}${key}.`) : [at + key]))
}

test('Thai has a word for everything, also in the open lists that types cannot compare', () => {
  expect(paths(th).sort()).toEqual(paths(en).sort())
})
