import { backoff } from '../backoff'
import { isAnswer, mayPass } from '../errors'
import { laidOver, withFeedback } from '../feedback'
import type { CachedTimeline } from '../store'
import type { Feedback, Message, Page, RoomEvent, RoomSynced } from '../wire'

/** Messages asked for at once. */
export const PAGE = 50
/** The most that the server gives at once. */
const LARGEST_PAGE = 200
/** Milliseconds between two tries to catch up, at most. */
const LONGEST_PAUSE = 5_000
/** Messages kept of a room that is not shown. */
const KEPT = 200

export interface TimelineDoors {
  page(range: { before?: number; after?: number; limit: number }): Promise<Page>
  sync(since: number): Promise<RoomSynced>
  cached(): Promise<CachedTimeline | undefined>
  /** Called with every message that came to be known, in order. */
  known(messages: readonly Message[]): void
  /** The server's history is not the one this client knew. */
  epochChanged(): void
  sleep(milliseconds: number): Promise<void>
}

/**
 * The messages of one room, in order and without a hole. Every change of a room is an event with the next `seq`: one
 * already applied is ignored, the next one applied, and a later one held until the hole before it is filled.
 */
export class Timeline {
  messages = $state.raw<readonly Message[]>([])
  status = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle')
  hasOlder = $state(false)
  /** True while the loaded messages end before the newest: the reader is far back in history. */
  hasNewer = $state(false)
  loadingOlder = $state(false)
  /** Set while older messages are being put before the shown ones, so that the list can keep its place. */
  prepending = $state(false)
  /** The last seq read before this visit, when something came after it. */
  readBefore = $state<number | null>(null)

  /** The seq of the last applied event. */
  last = 0

  private readonly held = new Map<number, RoomEvent>()
  /** The newest seq this client was told of. */
  private told = 0
  private syncing = false
  private askNow: (() => void) | null = null
  private loadingNewer = false
  /** Messages that were posted while the page that should hold them was on its way. */
  private arrived: Message[] = []
  /** What events told of messages, by id: a page that was read before them would not know. */
  private readonly opinions = new Map<string, Feedback>()

  constructor(private readonly me: string, private readonly epoch: () => string, private readonly doors: TimelineDoors) {}

  /**
   * Loads the messages to begin with. Live events must flow already, and `head` be from after they began.
   * @throws what the server or the way there refused; the status is `failed` then.
   */
  async open(room: { head: number; read_seq: number; unread: number }): Promise<void> {
    this.status = 'loading'
    this.readBefore = room.unread > 0 ? room.read_seq : null
    try {
      await this.loadUnread(room)
    } catch (error) {
      this.status = 'failed'
      throw error
    }
  }

  /** Shows what was last seen here, when there is no server to ask. Answers whether there was anything. */
  async restore(): Promise<boolean> {
    const cached = await this.doors.cached()
    if (!cached || cached.epoch !== this.epoch()) return false
    this.messages = cached.messages
    this.hasOlder = cached.hasOlder
    this.last = cached.last
    this.status = 'ready'
    return true
  }

  apply(event: RoomEvent): void {
    if (this.status === 'idle' || this.status === 'failed') return
    if (event.epoch !== this.epoch()) return this.doors.epochChanged()
    if (event.seq <= this.last && this.status === 'ready') return
    this.held.set(event.seq, event)
    if (this.status === 'ready') this.release()
  }

  /**
   * Fills what was missed, when the room's head is known to be beyond what is here. Asks until it has it: a head is told
   * only once, and the next event may be long in coming.
   */
  async catchUp(head: number): Promise<void> {
    this.told = Math.max(this.told, head)
    this.askNow?.()
    if (this.syncing) return
    this.syncing = true
    try {
      let attempt = 0
      while (this.status === 'ready' && this.last < this.told) {
        const before = this.last
        if (await this.isOverAfterSync()) return
        if (this.last > before) attempt = 0
        else await this.pause(attempt++)
      }
    } finally {
      this.syncing = false
    }
  }

  async loadOlder(): Promise<void> {
    const first = this.messages[0]
    if (!first || !this.hasOlder || this.loadingOlder) return
    this.loadingOlder = true
    try {
      const page = await this.doors.page({ before: first.seq, limit: PAGE })
      if (this.messages[0] !== first) return
      this.prepending = true
      this.messages = [...this.upToDate(page.messages), ...this.messages]
      this.hasOlder = page.has_more
      this.doors.known(page.messages)
    } catch (error) {
      if (!isAnswer(error)) throw error
    } finally {
      this.loadingOlder = false
    }
  }

  async loadNewer(): Promise<void> {
    const end = this.messages.at(-1)
    if (!end || !this.hasNewer || this.loadingNewer) return
    this.loadingNewer = true
    this.arrived = []
    try {
      const page = await this.doors.page({ after: end.seq, limit: PAGE })
      if (this.messages.at(-1) !== end) return
      this.hasNewer = page.has_more
      this.append(page.has_more ? page.messages : [...page.messages, ...this.arrived])
    } catch (error) {
      if (!isAnswer(error)) throw error
    } finally {
      this.loadingNewer = false
    }
  }

  /** Leaves history for the newest messages. */
  async toLatest(): Promise<void> {
    if (this.hasNewer) await this.loadLatest(this.last, PAGE).catch(() => undefined)
  }

  /** Gives memory back when the room is no longer shown. */
  rest(): void {
    this.readBefore = null
    if (this.hasNewer) this.status = 'idle'
    else if (this.messages.length > KEPT) {
      this.messages = this.messages.slice(-KEPT)
      this.hasOlder = true
    }
  }

  /** Begins anew: nothing that was known holds any more. */
  reset(): void {
    this.held.clear()
    this.opinions.clear()
    this.messages = []
    this.last = 0
    this.told = 0
    this.status = 'idle'
  }

  /** What is worth keeping for reading offline, if anything. */
  snapshot(): CachedTimeline | null {
    if (this.status !== 'ready' || this.hasNewer) return null
    const messages = this.messages.slice(-PAGE)
    const hasOlder = this.hasOlder || messages.length < this.messages.length
    return { epoch: this.epoch(), last: this.last, messages: [...messages], hasOlder }
  }

  /** The latest page when it reaches back to what was read; else the page around the first unread message. */
  private async loadUnread({ head, read_seq: read, unread }: { head: number; read_seq: number; unread: number }): Promise<void> {
    const latest = await this.doors.page({ limit: Math.min(LARGEST_PAGE, Math.max(PAGE, unread + PAGE / 2)) })
    const first = latest.messages[0]
    if (unread && latest.has_more && first && first.seq > read + 1) return this.loadAround(read, head)
    this.begin(latest.messages, { head, hasOlder: latest.has_more, hasNewer: false })
  }

  private async loadLatest(head: number, limit: number): Promise<void> {
    this.status = 'loading'
    try {
      const page = await this.doors.page({ limit })
      this.begin(page.messages, { head, hasOlder: page.has_more, hasNewer: false })
    } catch (error) {
      this.status = this.messages.length ? 'ready' : 'failed'
      throw error
    }
  }

  private async loadAround(seq: number, head: number): Promise<void> {
    const [before, after] = await Promise.all([
      this.doors.page({ before: seq + 1, limit: PAGE / 2 }),
      this.doors.page({ after: seq, limit: PAGE }),
    ])
    const messages = [...before.messages, ...after.messages]
    this.begin(messages, { head, hasOlder: before.has_more, hasNewer: after.has_more })
  }

  private begin(messages: Message[], state: { head: number; hasOlder: boolean; hasNewer: boolean }): void {
    // Read after all that was told until now.
    this.opinions.clear()
    this.messages = messages
    this.hasOlder = state.hasOlder
    this.hasNewer = state.hasNewer
    this.last = state.head
    this.status = 'ready'
    this.doors.known(messages)
    this.release()
  }

  /** Asks for what was missed. Answers whether asking again would be of no use. */
  private async isOverAfterSync(): Promise<boolean> {
    try {
      const answer = await this.doors.sync(this.last)
      if (answer.epoch !== this.epoch()) {
        this.doors.epochChanged()
        return true
      }
      if (answer.limited) await this.loadLatest(answer.upto, PAGE)
      else this.absorbSynced(answer)
      return false
    } catch (error) {
      if (!isAnswer(error)) throw error
      // Refused for good, as when one is no longer a member.
      return !mayPass(error)
    }
  }

  /** Waits before asking again, but no longer than until somebody asks. */
  private async pause(attempt: number): Promise<void> {
    const asked = new Promise<void>((resolve) => (this.askNow = resolve))
    await Promise.race([asked, this.doors.sleep(backoff(attempt, Math.random, LONGEST_PAUSE))])
    this.askNow = null
  }

  private absorbSynced(answer: RoomSynced): void {
    for (const event of answer.events) this.held.set(event.seq, event)
    this.release(answer.upto)
  }

  /** Applies held events in order. Up to `sure` there is no other event, so a missing number there is no hole. */
  private release(sure = this.last): void {
    const ready: Message[] = []
    const judged = new Set<string>()
    for (const seq of [...this.held.keys()].sort((a, b) => a - b)) {
      const event = this.held.get(seq)
      if (seq > this.last + 1 && seq > sure) break
      this.held.delete(seq)
      if (!event || seq <= this.last) continue
      this.last = seq
      if (event.kind === 'message.posted') ready.push(event.message)
      else if ('feedback' in event) judged.add(this.hear(event.feedback))
    }
    this.last = Math.max(this.last, sure)
    this.take(ready)
    if (judged.size) this.refresh(judged)
    this.fillHole()
  }

  private fillHole(): void {
    if (this.held.size) void this.catchUp(Math.min(...this.held.keys()))
  }

  private hear(feedback: Feedback): string {
    const id = feedback.message_id
    this.opinions.set(id, laidOver(this.opinions.get(id), feedback, this.me))
    return id
  }

  private refresh(ids: ReadonlySet<string>): void {
    this.messages = this.messages.map((message) => (ids.has(message.id) ? this.withOpinions(message) : message))
    this.doors.known(this.messages.filter((message) => ids.has(message.id)))
  }

  private withOpinions(message: Message): Message {
    return withFeedback(message, this.opinions.get(message.id), this.me)
  }

  private upToDate(messages: Message[]): Message[] {
    return messages.map((message) => this.withOpinions(message))
  }

  private take(messages: Message[]): void {
    if (messages.length === 0) return
    if (!this.hasNewer) return this.append(messages)
    if (this.loadingNewer) this.arrived.push(...messages)
    this.doors.known(messages)
  }

  /** A page and the live events overlap by a little: what is already there stays as it is. */
  private append(messages: Message[]): void {
    let end = this.messages.at(-1)?.seq ?? 0
    const fresh: Message[] = []
    for (const message of messages) {
      if (message.seq <= end) continue
      end = message.seq
      fresh.push(message)
    }
    if (fresh.length) this.messages = [...this.messages, ...this.upToDate(fresh)]
    this.doors.known(messages)
  }
}
