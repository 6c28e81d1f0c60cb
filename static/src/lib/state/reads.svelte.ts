/** A read position is sent at most this often per room, in milliseconds. */
const PACE = 1_000

/** Moves the read position: only forward, and only for what its reader can be looking at. */
export class Reads {
  /** Whether this tab is in front and has the focus. */
  attentive = $state(false)

  private readonly sent = new Map<string, number>()
  private readonly wanted = new Map<string, number>()
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly send: (roomId: string, seq: number) => Promise<void>) {}

  /** Follows the focus of the page until the answer is called. */
  watch(page: Document = document): () => void {
    const look = () => (this.attentive = page.visibilityState === 'visible' && page.hasFocus())
    const view = page.defaultView
    const events = ['focus', 'blur'] as const
    for (const event of events) view?.addEventListener(event, look)
    page.addEventListener('visibilitychange', look)
    look()
    return () => {
      for (const event of events) view?.removeEventListener(event, look)
      page.removeEventListener('visibilitychange', look)
      clearTimeout(this.timer)
    }
  }

  /** The bottom of the room, at `seq`, is on the screen. */
  see(roomId: string, seq: number): void {
    if (!this.attentive || seq <= (this.sent.get(roomId) ?? 0)) return
    this.wanted.set(roomId, Math.max(seq, this.wanted.get(roomId) ?? 0))
    this.timer ??= setTimeout(() => this.flush(), PACE)
  }

  /** Forgets what was sent: another history has begun. */
  reset(): void {
    this.sent.clear()
    this.wanted.clear()
  }

  private flush(): void {
    this.timer = undefined
    for (const [roomId, seq] of this.wanted) {
      const before = this.sent.get(roomId) ?? 0
      this.sent.set(roomId, Math.max(before, seq))
      // Not sent is not seen: the next look at the bottom tries again.
      this.send(roomId, seq).catch(() => this.sent.set(roomId, before))
    }
    this.wanted.clear()
  }
}
