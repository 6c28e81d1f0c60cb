import type { Leaderboard, Ranking, RankingWindow } from '../wire'

interface BoardDoors {
  leaderboard(by: Ranking, window: RankingWindow): Promise<Leaderboard>
  showOnLeaderboard(shown: boolean): Promise<unknown>
}

/** The leaderboard, as it is looked at. */
export class Board {
  by = $state<Ranking>('earned')
  window = $state<RankingWindow>('week')
  board = $state.raw<Leaderboard | null>(null)

  private asked = 0

  constructor(private readonly doors: BoardDoors) {}

  /** A balance is what it is now: it has no window. */
  async look(by: Ranking, window: RankingWindow): Promise<void> {
    this.by = by
    this.window = window
    await this.load()
  }

  async load(): Promise<void> {
    this.asked += 1
    const { asked } = this
    const board = await this.doors.leaderboard(this.by, this.by === 'balance' ? 'all' : this.window)
    // An answer to an earlier question may come after a later one.
    if (asked === this.asked) this.board = board
  }

  /** Lets others see oneself here, or not. */
  async show(shown: boolean): Promise<void> {
    await this.doors.showOnLeaderboard(shown)
    await this.load()
  }
}
