import { SvelteMap } from 'svelte/reactivity'
import type { Author, TypingChanged } from '../wire'

/** Own typing is told at most this often, in milliseconds. */
const PACE = 3_000
/** Somebody who has not told for this long has stopped, in milliseconds. */
const EXPIRY = 6_000

/** Who is writing, per room. Nothing here is worth repairing: it is over in seconds. */
export class Typing {
  private readonly writers = new SvelteMap<string, Author[]>()
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()
  private told: { room: string; at: number } | null = null

  constructor(private readonly send: (roomId: string, on: boolean) => void, private readonly now: () => number = Date.now) {}

  in(roomId: string): readonly Author[] {
    return this.writers.get(roomId) ?? []
  }

  apply({ room_id: roomId, user, on }: TypingChanged): void {
    const key = `${roomId}/${user.id}`
    clearTimeout(this.timers.get(key))
    this.timers.delete(key)
    const others = this.in(roomId).filter((writer) => writer.id !== user.id)
    this.writers.set(roomId, on ? [...others, user] : others)
    if (on) this.timers.set(key, setTimeout(() => this.apply({ room_id: roomId, user, on: false }), EXPIRY))
  }

  /** This account has typed into the composer of the room. */
  typed(roomId: string): void {
    const now = this.now()
    if (this.told?.room === roomId && now - this.told.at < PACE) return
    this.told = { room: roomId, at: now }
    this.send(roomId, true)
  }

  /** This account has sent, emptied or left the composer. */
  stopped(): void {
    if (!this.told) return
    this.send(this.told.room, false)
    this.told = null
  }
}
