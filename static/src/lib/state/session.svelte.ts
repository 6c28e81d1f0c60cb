import { Refusal, Unreachable } from '../errors'
import type { User } from '../wire'

const KEY = 'guildhall.account'

interface SessionDoors {
  me(): Promise<User>
  logout(): Promise<void>
}

/** Who is signed in here. The session itself is a cookie that no script can read. */
export class Session {
  user = $state.raw<User | null>(null)
  status = $state<'asking' | 'in' | 'out' | 'unreachable'>('asking')
  /** True when the server ended the session, as against signing out. */
  ended = $state(false)

  constructor(private readonly doors: SessionDoors, private readonly storage: Storage = localStorage) {}

  /** Asks the server who this is; offline, it is who it was, so that what is kept can be read. */
  async restore(): Promise<void> {
    this.status = 'asking'
    try {
      this.begin(await this.doors.me())
    } catch (error) {
      if (error instanceof Unreachable) this.remember()
      else if (error instanceof Refusal) this.leave()
      else throw error
    }
  }

  begin(user: User): void {
    this.user = user
    this.status = 'in'
    this.ended = false
    this.storage.setItem(KEY, JSON.stringify(user))
  }

  async signOut(): Promise<void> {
    try {
      await this.doors.logout()
    } catch (error) {
      // A session that is already over is signed out.
      if (!(error instanceof Refusal)) throw error
    }
    this.leave()
  }

  expire(): void {
    this.ended = this.status === 'in'
    this.leave()
  }

  /** Calls `changed` when another tab signs in as someone else, or out. */
  watch(changed: () => void): () => void {
    const look = (event: StorageEvent) => {
      if (event.key === KEY && this.kept()?.id !== this.user?.id) changed()
    }
    addEventListener('storage', look)
    return () => removeEventListener('storage', look)
  }

  private leave(): void {
    this.user = null
    this.status = 'out'
    this.storage.removeItem(KEY)
  }

  private remember(): void {
    this.user = this.kept()
    this.status = this.user ? 'in' : 'unreachable'
  }

  private kept(): User | null {
    try {
      return JSON.parse(this.storage.getItem(KEY) ?? 'null') as User | null
    } catch {
      return null
    }
  }
}
