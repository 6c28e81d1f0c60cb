import { SvelteMap } from 'svelte/reactivity'
import type { Balance, Entry, Explanation, RewardGranted, Statement } from '../wire'

interface WalletDoors {
  balance(): Promise<Balance>
  history(cursor?: string): Promise<Statement>
  explain(opId: string): Promise<Explanation>
}

/** The balance and the statement, as the server says them. Nothing is added up here. */
export class Wallet {
  balance = $state.raw<Balance | null>(null)
  /** The latest reward of this visit. */
  reward = $state.raw<RewardGranted | null>(null)
  entries = $state.raw<readonly Entry[]>([])
  /** The cursor of the next page of the statement; null at its end, undefined before its beginning. */
  next = $state<string | null | undefined>(undefined)
  loading = $state(false)
  readonly explanations = new SvelteMap<string, Explanation>()

  private pushes = 0

  constructor(private readonly doors: WalletDoors) {}

  async refresh(): Promise<void> {
    const before = this.pushes
    const balance = await this.doors.balance()
    // A push that came meanwhile is newer than this answer may be.
    if (before === this.pushes) this.balance = balance
  }

  changed(balance: Balance): void {
    this.pushes += 1
    this.balance = balance
  }

  rewarded(reward: RewardGranted): void {
    this.reward = reward
  }

  /** Loads the newest page of the statement. */
  async openStatement(): Promise<void> {
    await this.page(undefined)
  }

  /** Puts what has happened since on top of the statement, if it is open. */
  async catchUp(): Promise<void> {
    if (this.loading || this.next === undefined) return
    const page = await this.doors.history()
    // Only now: another answer may have come meanwhile.
    const known = new Set(this.entries.map(({ id }) => id))
    const fresh = page.entries.filter(({ id }) => !known.has(id))
    const whole = fresh.length < page.entries.length
    this.entries = whole ? [...fresh, ...this.entries] : page.entries
    if (!whole) this.next = page.next
  }

  async more(): Promise<void> {
    if (this.next) await this.page(this.next)
  }

  async explain(opId: string): Promise<void> {
    if (!this.explanations.has(opId)) this.explanations.set(opId, await this.doors.explain(opId))
  }

  private async page(cursor: string | undefined): Promise<void> {
    if (this.loading) return
    this.loading = true
    try {
      const page = await this.doors.history(cursor)
      this.entries = cursor ? [...this.entries, ...page.entries] : page.entries
      this.next = page.next
    } finally {
      this.loading = false
    }
  }
}
