import type { Goal, GoalClaim, GoalWindow } from '../wire'
import { Refusal, mayPass } from '../errors'

interface GoalsDoors {
  goals(): Promise<{ goals: Goal[] }>
  claimGoal(id: string, key: string): Promise<GoalClaim>
  newId(): string
  claimed(goal: Goal, claim: GoalClaim): void
}

/** Achievements and quests: what is reached, and what claiming brings. */
export class Goals {
  list = $state.raw<readonly Goal[] | null>(null)
  /** The id of the goal that is being claimed. */
  claiming = $state<string | null>(null)

  private readonly keys = new Map<string, string>()

  constructor(private readonly doors: GoalsDoors) {}

  async load(): Promise<void> {
    this.list = (await this.doors.goals()).goals
  }

  /** Those of a window: what can be claimed first, then the nearest, what was claimed last. */
  of(window: GoalWindow): Goal[] {
    return (this.list ?? []).filter((goal) => goal.window === window).sort((a, b) => eagerness(b) - eagerness(a))
  }

  async claim(goal: Goal): Promise<void> {
    if (this.claiming) return
    this.claiming = goal.id
    const key = this.keys.get(goal.id) ?? this.doors.newId()
    this.keys.set(goal.id, key)
    try {
      const claim = await this.doors.claimGoal(goal.id, key)
      this.keys.delete(goal.id)
      this.doors.claimed(goal, claim)
    } catch (error) {
      if (error instanceof Refusal && !mayPass(error)) this.keys.delete(goal.id)
      throw error
    } finally {
      this.claiming = null
    }
    await this.load()
  }
}

function eagerness(goal: Goal): number {
  if (goal.claimed_at) return -1
  return goal.claimable ? 2 : Math.min(1, goal.progress / goal.count)
}
