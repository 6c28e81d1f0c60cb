/**
 * Shapes of the economy as the server sends them: amounts are decimal strings, factors too, moments ISO 8601 in UTC, days
 * `YYYY-MM-DD`, ids decimal strings.
 */
import type { Author } from './wire'

export interface Factor {
  days: number
  factor: string
}

/** Days in a row on which the daily reward was claimed. `claimed` are those of this and last month. */
export interface Streak {
  days: number
  best: number
  today: string
  claimable: boolean
  next_at: string
  factor: string
  next: Factor | null
  claimed: string[]
}

export interface ClaimedReward {
  op_id: string
  activity: string
  granted: string
  multiplied: string
}

export interface DailyClaim {
  day: string
  streak_days: number
  granted: string
  rewards: ClaimedReward[]
  next_at: string
}

/** A tier and what it allows; null is no limit. */
export interface TierRule {
  name: string
  from: string
  factor: string
  rooms_max: number | null
  gifts_day: string | null
  storage_gb: number
  file_mb: number
  perks: string[]
}

export type TierBasis = 'balance' | 'lifetime' | 'earned_90d'

export interface TierStanding {
  user_id: string
  basis: TierBasis
  value: string
  tier: TierRule
  next: TierRule | null
  missing: string | null
  tiers: TierRule[]
}

export interface RewardRule {
  activity: string
  amount: string
  share: string | null
  once: 'ever' | 'subject' | 'day' | null
  not_own: boolean
  distinct: boolean
  least: number
  multiplied: boolean
  cap_day: string | null
  cap_year: string | null
  shared_cap: string | null
}

export type EventKind = 'weekend' | 'holiday' | 'special'

export interface Policy {
  name: string
  version: number
  token: string
  symbol: string
  day_cap: string | null
  week_cap: string | null
  shared_caps: Record<string, string>
  rewards: RewardRule[]
  streak: Factor[]
  events: { kind: EventKind; factor: string }[]
  ceiling: string | null
  tiers: TierRule[]
  tier_basis: TierBasis
  gift_minimum: string
  gifts_per_day: number
  allowance: string | null
  website_cost: string | null
}

/** A window in which rewards are multiplied. */
export interface SeasonalEvent {
  id: string
  kind: EventKind
  name: string
  factor: string
  starts_at: string
  ends_at: string
}

/** Whether gifts can be confirmed. After too many wrong tries the PIN is locked until a moment. */
export interface PinState {
  set: boolean
  tries_left: number
  locked_until: string | null
}

/** What one may give today; null is no limit. */
export interface GiftOptions {
  minimum: string
  daily_limit: string | null
  sent_today: string
  left_today: string | null
  gifts_left_today: number
  balance_giftable: string
  pin: PinState
}

export interface GiftRequest {
  recipient_id: string
  amount: string
  pin: string
  note?: string
  room_id?: string
}

export interface Gift {
  op_id: string
  at: string
  direction: 'sent' | 'received'
  other: Author
  amount: string
  note: string
  room_id: string | null
}

export interface GiftSent {
  op_id: string
  gift: Gift
  balance: string
  left_today: string | null
}

export interface GiftPage {
  gifts: Gift[]
  next: string | null
}

export type GoalWindow = 'ever' | 'day' | 'week'

/** A goal and how far one is. `would_grant` is what claiming it now would bring. */
export interface Goal {
  id: string
  window: GoalWindow
  titles: Record<string, string>
  count: number
  progress: number
  reward: string
  reached: boolean
  claimed_at: string | null
  claimable: boolean
  would_grant: string
}

export interface GoalClaim {
  op_id: string
  id: string
  granted: string
  balance: string
}

export type Ranking = 'earned' | 'balance' | 'gifted'
export type RankingWindow = 'day' | 'week' | 'season' | 'all'

export interface Rank {
  rank: number
  user: Author
  amount: string
  tier: string
  me: boolean
}

/** `since` is the first day that counts; null counts all. Who hid themselves is seen by nobody else. */
export interface Leaderboard {
  by: Ranking
  window: RankingWindow
  since: string | null
  entries: Rank[]
  me: { rank: number | null; amount: string; shown: boolean }
}

export interface DayAmount {
  day: string
  amount: string
}

export interface EarningStats {
  since: string
  until: string
  total: string
  average_day: string
  by_activity: { activity: string; amount: string; times: number }[]
  series: DayAmount[]
}

export interface SpendingStats {
  since: string
  until: string
  total: string
  average_day: string
  by_category: { category: string; amount: string; times: number }[]
  series: DayAmount[]
}
