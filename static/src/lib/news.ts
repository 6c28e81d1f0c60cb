import type { I18n } from './i18n/i18n.svelte'
import type { Notice } from './state/notices.svelte'

/** The title of a notice, as it is shown and announced. */
export function newsOf(notice: Notice, { t, locale, amount }: I18n, symbol: string): string {
  if (notice.kind === 'gift') return t.notice.gift(notice.gift.other.username, amount(notice.gift.amount), symbol)
  if (notice.kind === 'streak') return t.notice.streak(notice.days)
  if (notice.kind === 'goal') return notice.titles[locale] ?? notice.titles.en ?? ''
  const name = t.tier.names[notice.tier] ?? notice.tier
  return notice.up ? t.notice.tierUp(name) : t.notice.tierDown(name)
}
