import type { EarningStats, SpendingStats } from '../wire'

interface StatisticsDoors {
  earned(days: number): Promise<EarningStats>
  spent(days: number): Promise<SpendingStats>
}

export const RANGES = [7, 30, 90] as const

/** What was earned and spent in the last days. */
export class Statistics {
  days = $state<number>(30)
  earned = $state.raw<EarningStats | null>(null)
  spent = $state.raw<SpendingStats | null>(null)

  constructor(private readonly doors: StatisticsDoors) {}

  async look(days: number): Promise<void> {
    this.days = days
    const [earned, spent] = await Promise.all([this.doors.earned(days), this.doors.spent(days)])
    // An answer to an earlier question may come after a later one.
    if (days !== this.days) return
    this.earned = earned
    this.spent = spent
  }
}
