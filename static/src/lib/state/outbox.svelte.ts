import { backoff } from '../backoff'
import { Refusal, Unreachable } from '../errors'
import type { Store, Unsent } from '../store'
import type { MessageSent, SharedFile } from '../wire'

export type PendingState = 'queued' | 'sending' | 'sent' | 'failed'

/** An unsent message as it is shown. */
export interface Pending extends Omit<Unsent, 'order'> {
  /** Unknown for the instant until the database has it. */
  order: number | null
  state: PendingState
}

export interface OutboxDoors {
  store: Pick<Store, 'unsent' | 'keep' | 'change' | 'drop'>
  /** Runs `work` while no other tab runs work of the same name. */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T>
  send(unsent: { room_id: string; client_id: string; body: string; file_ids: string[] }): Promise<MessageSent>
  sent(answer: MessageSent): void
  online(): boolean
  /** Tells the other tabs that the stored outbox has changed. */
  changed(): void
  sleep(milliseconds: number): Promise<void>
  newId(): string
  now(): Date
}

type Step = 'empty' | 'done' | { waitAtLeast: number }

/**
 * The messages of one account that the server has not confirmed. They are kept in the browser's database, sent one at a
 * time and in order per room, and tried again until the server answers. A `client_id` is made once per intent, so the
 * server stores each at most once however often it is sent.
 */
export class Outbox {
  pending = $state<Pending[]>([])

  private readonly pumping = new Set<string>()
  private readonly kicked = new Set<string>()

  constructor(private readonly user: string, private readonly doors: OutboxDoors) {}

  /** Takes over what the database holds: after a start, or when another tab changed it. */
  async load(): Promise<void> {
    const stored = await this.doors.store.unsent(this.user)
    const kept = new Set(stored.map((unsent) => unsent.clientId))
    const before = new Map(this.pending.map((entry) => [entry.clientId, entry]))
    const gone = this.pending.filter((entry) => !kept.has(entry.clientId))
    this.pending = [
      ...stored.map((unsent) => asPending(unsent, before.get(unsent.clientId))),
      ...gone.flatMap((entry) => afterlife(entry)),
    ]
    this.kick()
  }

  /** Sends whatever waits. Called when the connection is back. */
  kick(): void {
    for (const room of new Set(this.pending.map((entry) => entry.room))) void this.pump(room)
  }

  async post(room: string, body: string, files: readonly SharedFile[] = []): Promise<void> {
    const { doors } = this
    const unsent = { user: this.user, room, clientId: doors.newId(), body, files: [...files], at: doors.now().toISOString(), failed: null }
    // Queued is what the database has; until then it is on its way there.
    this.pending.push({ ...unsent, order: null, state: 'sending' })
    await this.keep(unsent)
    void this.pump(room)
  }

  /** Sends a failed message again, as the same intent. */
  async retry(clientId: string): Promise<void> {
    const entry = this.find(clientId)
    if (entry?.state !== 'failed') return
    entry.state = 'queued'
    entry.failed = null
    const { order, state: _, ...unsent } = $state.snapshot(entry)
    if (order === null) await this.keep(unsent)
    else await this.doors.store.change({ ...unsent, order })
    this.doors.changed()
    void this.pump(entry.room)
  }

  /** Takes a failed message out and answers what it said, so that it can be edited. */
  async discard(clientId: string): Promise<{ body: string; files: readonly SharedFile[] }> {
    const entry = this.find(clientId)
    if (entry?.state !== 'failed') return { body: '', files: [] }
    await this.remove(entry)
    return { body: entry.body, files: entry.files }
  }

  /** The server has these messages (by echo, by page or by acknowledgement, whichever is first). */
  confirm(clientIds: Iterable<string>): void {
    for (const clientId of clientIds) {
      const entry = this.find(clientId)
      if (entry) void this.remove(entry)
    }
  }

  private find(clientId: string): Pending | undefined {
    return this.pending.find((entry) => entry.clientId === clientId)
  }

  private async keep(unsent: Omit<Unsent, 'order'>): Promise<void> {
    try {
      const order = await this.doors.store.keep(unsent)
      const entry = this.find(unsent.clientId)
      if (entry) Object.assign(entry, { order, state: 'queued' })
      this.doors.changed()
    } catch {
      this.fail(unsent.clientId, 'storage')
    }
  }

  private async remove(entry: Pending): Promise<void> {
    this.pending = this.pending.filter((other) => other.clientId !== entry.clientId)
    if (entry.order !== null) await this.doors.store.drop(entry.order)
    this.doors.changed()
  }

  private fail(clientId: string, reason: string): void {
    const entry = this.find(clientId)
    if (entry) Object.assign(entry, { state: 'failed', failed: reason })
  }

  private async pump(room: string): Promise<void> {
    this.kicked.add(room)
    if (this.pumping.has(room)) return
    this.pumping.add(room)
    let attempt = 0
    try {
      while (this.doors.online()) {
        this.kicked.delete(room)
        const step = await this.doors.exclusively(`guildhall.outbox.${this.user}.${room}`, () => this.sendOldest(room))
        if (step === 'done') attempt = 0
        else if (step !== 'empty') await this.doors.sleep(Math.max(step.waitAtLeast, backoff(attempt++)))
        // Something may have been posted between the look into the database and now.
        else if (!this.kicked.has(room)) return
      }
    } finally {
      this.pumping.delete(room)
    }
  }

  /** The database, not this tab's memory, says what is oldest: another tab may have sent it meanwhile. */
  private async sendOldest(room: string): Promise<Step> {
    const stored = await this.doors.store.unsent(this.user)
    const unsent = stored.find((candidate) => candidate.room === room && !candidate.failed)
    if (!unsent) return 'empty'
    const shown = this.find(unsent.clientId)
    if (shown) shown.state = 'sending'
    try {
      const { clientId: client_id, body } = unsent
      const file_ids = unsent.files.map((file) => file.id)
      const answer = await this.doors.send({ room_id: room, client_id, body, file_ids })
      const entry = this.find(unsent.clientId)
      if (entry) entry.state = 'sent'
      await this.doors.store.drop(unsent.order)
      this.doors.sent(answer)
    } catch (error) {
      const wait = patience(error)
      if (wait !== null) {
        if (shown?.state === 'sending') shown.state = 'queued'
        return { waitAtLeast: wait }
      }
      const reason = error instanceof Refusal ? error.code : 'internal'
      this.fail(unsent.clientId, reason)
      await this.doors.store.change({ ...unsent, failed: reason })
    }
    this.doors.changed()
    return 'done'
  }
}

function asPending(unsent: Unsent, before: Pending | undefined): Pending {
  if (unsent.failed) return { ...unsent, state: 'failed' }
  return { ...unsent, state: before?.state === 'sending' ? 'sending' : 'queued' }
}

/** What becomes of a shown message that the database does not hold (any more). */
function afterlife(entry: Pending): Pending[] {
  if (entry.order === null) return [entry]
  // Another tab discarded it, or else sent it: then it stays in sight until the echo takes its place.
  return entry.state === 'failed' ? [] : [{ ...entry, state: 'sent' }]
}

/** Milliseconds to wait before the same message may be tried again, or null when trying again cannot help. */
function patience(error: unknown): number | null {
  if (error instanceof Unreachable) return 0
  if (!(error instanceof Refusal)) return null
  const { retry, retryAfter } = error.options
  // A session that ended says nothing about the message: it waits for its author to sign in again.
  if (retry || error.code === 'rate_limited' || error.code === 'unauthenticated') return (retryAfter ?? 0) * 1_000
  return null
}
