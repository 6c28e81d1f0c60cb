import { Refusal, Unreachable } from '../errors'
import { en, type Dictionary } from './en'

export type Locale = 'en' | 'th'

/** Thai dates by default count Buddhist years; messages and statements here count Gregorian ones everywhere. */
const tags: Record<Locale, string> = { en: 'en-GB', th: 'th-TH-u-ca-gregory' }
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** The words and the formats of the chosen language. */
export class I18n {
  locale = $state<Locale>('en')
  t = $state.raw<Dictionary>(en)

  private tag = $derived(tags[this.locale])
  private clockFormat = $derived(new Intl.DateTimeFormat(this.tag, { hour: '2-digit', minute: '2-digit' }))
  private dayFormat = $derived(new Intl.DateTimeFormat(this.tag, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }))
  private momentFormat = $derived(new Intl.DateTimeFormat(this.tag, { dateStyle: 'medium', timeStyle: 'short' }))
  private relativeFormat = $derived(new Intl.RelativeTimeFormat(this.tag, { numeric: 'auto' }))
  private amountFormat = $derived(new Intl.NumberFormat(this.tag, { maximumFractionDigits: 6 }))
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

  /** The same with its sign, for changes. */
  change = (decimal: string) => this.signedFormat.format(decimal as Intl.StringNumericLiteral)

  /** A refusal in this language; what the server said, when there are no words for it here. */
  reason = (error: unknown): string => {
    if (error instanceof Unreachable) return this.code('unreachable')
    if (!(error instanceof Refusal)) return this.code('internal')
    const { retryAfter } = error.options
    const text = this.t.errors[error.code] ?? error.message
    return retryAfter ? `${text} ${this.t.waitSeconds(Math.ceil(retryAfter))}` : text
  }

  code = (code: string): string => this.t.errors[code] ?? this.t.errors.internal ?? code
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}
