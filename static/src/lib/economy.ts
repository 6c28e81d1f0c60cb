/**
 * Shapes of gifts as the server sends them: amounts are decimal strings, moments ISO 8601 in UTC, ids decimal strings.
 */
import type { Author } from './wire'

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
  note: string | null
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
