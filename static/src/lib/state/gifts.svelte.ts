import type { Author, Gift, GiftPage, Member } from '../wire'

/** To whom a gift is about to go, and from which room; without a recipient the giver chooses one. */
export interface GiftIntent {
  recipient?: Author
  room?: { id: string; name: string }
}

interface GiftsDoors {
  gifts(cursor?: string): Promise<GiftPage>
  members(roomId: string): Promise<{ members: Member[] }>
  rooms(): Promise<readonly { id: string }[]>
  me: string
}

/** Rooms whose members are offered as recipients, at most. */
const ROOMS = 20

/** Gifts sent and received, and the one that is being made. */
export class Gifts {
  /** Set while the gift dialog is open. */
  intent = $state.raw<GiftIntent | null>(null)
  list = $state.raw<readonly Gift[]>([])
  /** The cursor of the next page; null at the end, undefined before the beginning. */
  next = $state<string | null | undefined>(undefined)

  constructor(private readonly doors: GiftsDoors) {}

  open(intent: GiftIntent = {}): void {
    this.intent = intent
  }

  /** A dialog tells of its closing a moment later, when another may be open already. */
  close(intent: GiftIntent): void {
    if (this.intent === intent) this.intent = null
  }

  async load(): Promise<void> {
    const page = await this.doors.gifts()
    this.list = page.gifts
    this.next = page.next
  }

  async more(): Promise<void> {
    if (!this.next) return
    const page = await this.doors.gifts(this.next)
    this.list = [...this.list, ...page.gifts]
    this.next = page.next
  }

  /** Puts a gift on top that was just sent or came in. */
  add(gift: Gift): void {
    if (this.next === undefined || this.list.some(({ op_id }) => op_id === gift.op_id)) return
    this.list = [gift, ...this.list]
  }

  /** Everybody one shares a room with or has exchanged gifts with, by name. */
  async people(): Promise<Author[]> {
    const rooms = await this.doors.rooms()
    const met = await Promise.all(rooms.slice(0, ROOMS).map(({ id }) => this.doors.members(id)))
    const known = [...this.list.map(({ other }) => other), ...met.flatMap(({ members }) => members.map(({ user }) => user))]
    const others = new Map(known.filter(({ id }) => id !== this.doors.me).map((person) => [person.id, person]))
    return [...others.values()].sort((a, b) => a.username.localeCompare(b.username))
  }
}
