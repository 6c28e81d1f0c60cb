import { Refusal, Unreachable, isAnswer, mayPass } from '../errors'
import { exactly, less, micros } from '../money'
import type { Author, GiftOptions, GiftRequest, GiftSent } from '../wire'
import type { GiftIntent } from './gifts.svelte'

interface OfferDoors {
  giftOptions(): Promise<GiftOptions>
  sendGift(body: GiftRequest, key: string): Promise<GiftSent>
  newId(): string
  sent(receipt: GiftSent): void
}

/** Why a gift cannot be sent as it stands, in the order in which it is told. */
export type Obstacle = 'recipient' | 'count' | 'amount' | 'digits' | 'minimum' | 'balance' | 'limit' | 'locked' | 'pin'

/** Refusals that say nothing about the gift itself: the same one may still go, or may have gone before. */
const aboutPin = new Set(['pin_wrong', 'pin_locked', 'pin_not_set'])
export const NOTE_MAX = 280

/** A gift in the making, from the opening of the dialog to its receipt. */
export class Offer {
  recipient = $state.raw<Author | null>(null)
  amount = $state('')
  note = $state('')
  pin = $state('')
  options = $state.raw<GiftOptions | null>(null)
  failure = $state.raw<Refusal | Unreachable | null>(null)
  receipt = $state.raw<GiftSent | null>(null)
  sending = $state(false)
  /** True while nobody here knows whether the gift has gone: then only the very same one can be tried again. */
  unsure = $state(false)

  obstacle = $derived.by(() => this.inTheWay())
  /** What will be left to give. */
  after = $derived(this.options && micros(this.amount) ? less(this.options.balance_giftable, this.amount) : null)

  readonly room: GiftIntent['room']
  private key: string

  constructor(intent: GiftIntent, private readonly doors: OfferDoors) {
    this.recipient = intent.recipient ?? null
    this.room = intent.room
    this.key = doors.newId()
  }

  async load(): Promise<void> {
    try {
      this.options = await this.doors.giftOptions()
    } catch (error) {
      if (!isAnswer(error)) throw error
      this.failure = error
    }
  }

  async send(): Promise<void> {
    if (this.sending || this.obstacle || !this.recipient) return
    this.sending = true
    this.failure = null
    try {
      this.receipt = await this.doors.sendGift(this.request(this.recipient.id), this.key)
      this.unsure = false
      this.doors.sent(this.receipt)
    } catch (error) {
      if (!isAnswer(error)) throw error
      await this.failed(error)
    } finally {
      this.pin = ''
      this.sending = false
    }
  }

  private request(recipient: string): GiftRequest {
    const [amount, note] = [this.amount.trim(), this.note.trim()]
    return { recipient_id: recipient, amount, pin: this.pin, note: note || null, room_id: this.room?.id ?? null }
  }

  private async failed(error: Refusal | Unreachable): Promise<void> {
    if (error instanceof Unreachable || (error.options.status ?? 0) >= 500) this.unsure = true
    else if (!aboutPin.has(error.code) && !mayPass(error)) {
      // The server has decided about this gift. Whatever is sent next is another one.
      this.key = this.doors.newId()
      this.unsure = false
    }
    if (error instanceof Refusal) await this.load()
    this.failure = error
  }

  private inTheWay(): Obstacle | null {
    const { options } = this
    const amount = micros(this.amount.trim())
    if (!this.recipient) return 'recipient'
    if (options && options.gifts_left_today <= 0 && !this.unsure) return 'count'
    if (!this.amount.trim()) return 'amount'
    if (amount === null) return 'digits'
    if (options && !this.unsure) {
      if (amount < exactly(options.minimum)) return 'minimum'
      if (amount > exactly(options.balance_giftable)) return 'balance'
      if (options.left_today !== null && amount > exactly(options.left_today)) return 'limit'
    }
    if (options?.pin.locked_until) return 'locked'
    return /^\d{4}$/.test(this.pin) ? null : 'pin'
  }
}
