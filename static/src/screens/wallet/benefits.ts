import type { TierRule } from '../../lib/wire'
import type { I18n } from '../../lib/i18n/i18n.svelte'

/** What a tier allows, in words: pairs of a thing and how much of it. */
export function benefitsOf(tier: TierRule, { t: { tier: t }, amount }: I18n): [what: string, much: string][] {
  return [
    [t.factor, `× ${amount(tier.factor)}`],
    [t.rooms, tier.rooms_max === null ? t.unlimited : String(tier.rooms_max)],
    [t.gifts, tier.gifts_day === null ? t.unlimited : amount(tier.gifts_day)],
    [t.storage, t.gigabytes(tier.storage_gb)],
    [t.file, t.megabytes(tier.file_mb)],
  ]
}
