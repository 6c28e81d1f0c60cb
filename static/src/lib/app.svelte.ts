/** What the whole page shares: made once in main.ts, handed down by context. */
import { createContext } from 'svelte'
import { Api } from './api'
import { Hall } from './hall.svelte'
import { I18n } from './i18n/i18n.svelte'
import { Router } from './router.svelte'
import { openSocket } from './socket'
import { Preferences } from './state/preferences.svelte'
import { Session } from './state/session.svelte'
import { Store } from './store'
import type { User } from './wire'

const AFTER_SIGN_IN = 'guildhall.return'

export class App {
  readonly api = new Api()
  readonly router = new Router()
  readonly preferences = new Preferences()
  readonly i18n = new I18n()
  readonly session = new Session(this.api)
  hall = $state.raw<Hall | null>(null)
  /** True when this browser refuses to keep anything, without which messages could be lost. */
  storageBlocked = $state(false)

  async start(): Promise<void> {
    this.preferences.show()
    this.router.watch()
    this.session.watch(() => location.reload())
    await this.i18n.use(this.preferences.locale)
    await this.session.restore()
    if (this.session.user) await this.open(this.session.user)
  }

  /** Goes on as `user`, to where they were heading. */
  async enter(user: User): Promise<void> {
    this.session.begin(user)
    await this.open(user)
    const target = sessionStorage.getItem(AFTER_SIGN_IN) ?? '/'
    sessionStorage.removeItem(AFTER_SIGN_IN)
    this.router.go(target, { replace: true })
  }

  async signOut(): Promise<void> {
    await this.session.signOut()
    const { hall } = this
    this.hall = null
    // Whoever signs in next begins at the beginning.
    sessionStorage.removeItem(AFTER_SIGN_IN)
    this.router.go('/login', { replace: true })
    await hall?.erase()
  }

  /** Shows the sign-in page, and remembers where to go after it. */
  askToSignIn(): void {
    if (this.router.route.name !== 'home') sessionStorage.setItem(AFTER_SIGN_IN, this.router.path)
    this.router.go('/login', { replace: true })
  }

  private async open(user: User): Promise<void> {
    let store: Store
    try {
      store = await Store.open()
    } catch {
      this.storageBlocked = true
      return
    }
    const hall = new Hall(user, {
      api: this.api,
      door: await openSocket(),
      store,
      expired: () => this.expire(),
      replaced: () => location.reload(),
      sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
    })
    await hall.start()
    this.hall = hall
  }

  private expire(): void {
    this.hall?.stop()
    this.hall = null
    this.session.expire()
  }
}

export const [getApp, setApp] = createContext<App>()
