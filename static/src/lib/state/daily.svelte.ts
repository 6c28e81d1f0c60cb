import type { DailyClaim, Streak } from '../wire'
import { Refusal, Unreachable, mayPass } from '../errors'

interface DailyDoors {
  streak(): Promise<Streak>
  claimDaily(key: string): Promise<DailyClaim>
  newId(): string
  /** Called when a claim brought more than the day's own reward. */
  milestone(claim: DailyClaim): void
}

const DAILY = 'daily_login'

/** The daily reward and its streak. */
export class Daily {
  streak = $state.raw<Streak | null>(null)
  /** What claiming brought on this visit. */
  claimed = $state.raw<DailyClaim | null>(null)
  claiming = $state(false)

  private key: string | undefined

  constructor(private readonly doors: DailyDoors) {}

  async load(): Promise<void> {
    this.streak = await this.doors.streak()
  }

  /** Claims today's reward. Another device may have been first: then the streak says so, and nothing is raised. */
  async claim(): Promise<void> {
    if (this.claiming) return
    this.claiming = true
    this.key ??= this.doors.newId()
    try {
      this.claimed = await this.doors.claimDaily(this.key)
      this.key = undefined
      if (this.claimed.rewards.some(({ activity }) => activity !== DAILY)) this.doors.milestone(this.claimed)
    } catch (error) {
      const over = error instanceof Refusal && !mayPass(error)
      if (over) this.key = undefined
      if (!over || error.code !== 'already_claimed') throw error
    } finally {
      this.claiming = false
    }
    await this.load().catch(unlessUnreachable)
  }
}

/** The claim is done; that its calendar could not be loaded again is no failure of it. */
function unlessUnreachable(error: unknown): void {
  if (!(error instanceof Unreachable || error instanceof Refusal)) throw error
}
