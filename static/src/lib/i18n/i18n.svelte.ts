import { Refusal, Unreachable } from '../errors'
import { en, type Dictionary } from './en'

export type Locale = 'en' | 'th'

/** Thai dates by default count Buddhist years; messages and statements here count Gregorian ones everywhere. */
const tags: Record<Locale, string> = { en: 'en-GB', th: 'th-TH-u-ca-gregory' }
const MINUTE = 60_000
/** Seconds from which a wait is told in minutes. */
const LONG_WAIT = 120
const DAY = 24 * 60 * MINUTE
/** A Monday. */
const MONDAY = Date.UTC(2026, 10, 16)

/** The words and the formats of the chosen language. */
export class I18n {
  locale = $state<Locale>('en')
  t = $state.raw<Dictionary>(en)

  private tag = $derived(tags[this.locale])
  private clockFormat = $derived(new Intl.DateTimeFormat(this.tag, { hour: '2-digit', minute: '2-digit' }))
  private dayFormat = $derived(new Intl.DateTimeFormat(this.tag, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }))
  private monthFormat = $derived(new Intl.DateTimeFormat(this.tag, { month: 'long', year: 'numeric', timeZone: 'UTC' }))
  private dateFormat = $derived(new Intl.DateTimeFormat(this.tag, { day: 'numeric', month: 'short', timeZone: 'UTC' }))
  private weekdayFormats = $derived({
    long: new Intl.DateTimeFormat(this.tag, { weekday: 'long', timeZone: 'UTC' }),
    narrow: new Intl.DateTimeFormat(this.tag, { weekday: 'narrow', timeZone: 'UTC' }),
  })
  private percentFormat = $derived(new Intl.NumberFormat(this.tag, { style: 'percent' }))
  private momentFormat = $derived(new Intl.DateTimeFormat(this.tag, { dateStyle: 'medium', timeStyle: 'short' }))
  private relativeFormat = $derived(new Intl.RelativeTimeFormat(this.tag, { numeric: 'auto' }))
  private amountFormat = $derived(new Intl.NumberFormat(this.tag, { maximumFractionDigits: 6 }))
  private bytesFormats = $derived(
    (['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const).map(
      (unit) => new Intl.NumberFormat(this.tag, { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short', maximumFractionDigits: 1 }),
    ),
  )
  private signedFormat = $derived(new Intl.NumberFormat(this.tag, { maximumFractionDigits: 6, signDisplay: 'exceptZero' }))

  /** Switches the language, loading its words when they are not here yet. */
  async use(locale: Locale): Promise<void> {
    this.t = locale === 'th' ? (await import('./th')).th : en
    this.locale = locale
  }

  /** "14:05" */
  clock = (at: string) => this.clockFormat.format(new Date(at))

  /** "20 Nov 2026, 14:05" */
  moment = (at: string) => this.momentFormat.format(new Date(at))

  /** "November 2026", of a day `YYYY-MM-DD`. */
  month = (day: string) => this.monthFormat.format(new Date(day))

  /** "20 Nov", of a day `YYYY-MM-DD`. */
  date = (day: string) => this.dateFormat.format(new Date(day))

  /** The days of a week from Monday. */
  weekdays = (style: 'long' | 'narrow') =>
    Array.from({ length: 7 }, (_, at) => this.weekdayFormats[style].format(new Date(MONDAY + at * DAY)))

  /** "10%", of a factor such as "0.1". */
  percent = (factor: string) => this.percentFormat.format(factor as Intl.StringNumericLiteral)

  /** "Today", "Yesterday", or the full date. */
  day = (at: string, now = new Date()) => {
    const age = (midnight(now) - midnight(new Date(at))) / DAY
    if (age === 0) return this.t.timeline.today
    return Math.round(age) === 1 ? this.t.timeline.yesterday : this.dayFormat.format(new Date(at))
  }

  /** "5 minutes ago" */
  ago = (at: string, now = Date.now()) => {
    const minutes = Math.round((Date.parse(at) - now) / MINUTE)
    if (Math.abs(minutes) < 60) return this.relativeFormat.format(minutes, 'minute')
    const hours = Math.round(minutes / 60)
    return Math.abs(hours) < 24 ? this.relativeFormat.format(hours, 'hour') : this.relativeFormat.format(Math.round(hours / 24), 'day')
  }

  /** A decimal string of tokens, to its last digit: it never becomes a float. */
  amount = (decimal: string) => this.amountFormat.format(decimal as Intl.StringNumericLiteral)

  /** "1.5 MB"; a kilobyte has 1024 bytes here, as where the limits are written. */
  bytes = (size: number) => {
    const step = Math.min(3, Math.floor(Math.log2(Math.max(1, size)) / 10))
    return this.bytesFormats[step]?.format(size / 1024 ** step) ?? String(size)
  }

  /** The same with its sign, for changes. */
  change = (decimal: string) => this.signedFormat.format(decimal as Intl.StringNumericLiteral)

  /** A refusal in this language; what the server said, when there are no words for it here. */
  reason = (error: unknown): string => {
    if (error instanceof Unreachable) return this.code('unreachable')
    if (!(error instanceof Refusal)) return this.code('internal')
    const { retryAfter } = error.options
    const text = this.words(error.code) ?? error.message
    return retryAfter ? `${text} ${this.wait(Math.ceil(retryAfter))}` : text
  }

  code = (code: string): string => this.words(code) ?? this.t.errors.internal ?? code

  private words = (code: string): string | undefined => this.t.errors[code] ?? this.t.refusals[code]
  private wait = (seconds: number): string =>
    seconds < LONG_WAIT ? this.t.waitSeconds(seconds) : this.t.waitMinutes(Math.ceil(seconds / 60))
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}
