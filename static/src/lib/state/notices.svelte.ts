import type { Gift } from '../wire'

/** Something told in passing: a gift that came, or a milestone, which may celebrate for a moment. */
export type Notice =
  | { kind: 'gift'; gift: Gift }
  | { kind: 'tier'; tier: string; up: boolean }
  | { kind: 'streak'; days: number; granted: string }
  | { kind: 'goal'; titles: Record<string, string>; granted: string }

export type Told = Notice & { id: number }

/** More than this at once nobody reads; the oldest goes first. */
const MOST = 3

export class Notices {
  list = $state.raw<readonly Told[]>([])

  private last = 0

  tell(notice: Notice): void {
    this.last += 1
    this.list = [...this.list, { ...notice, id: this.last }].slice(-MOST)
  }

  dismiss(id: number): void {
    this.list = this.list.filter((told) => told.id !== id)
  }
}

/** Whether a notice is one of the few things worth a celebration. */
export function isMilestone(notice: Notice): boolean {
  return notice.kind === 'tier' ? notice.up : notice.kind !== 'gift'
}
