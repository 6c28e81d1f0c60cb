import { backoff } from '../backoff'
import { Refusal } from '../errors'
import type { SocketDoor } from '../socket'

/** Being offline is told only after this many milliseconds: most gaps are shorter and need no words. */
export const BANNER_DELAY = 2_000

interface Listener {
  /** Decides, after each connect, whether this is still the right account. Throws when that cannot be asked. */
  admit(): Promise<boolean>
  online(): void
  /** The server will not have this session any more. */
  expired(): void
}

/** Whether there is a live, admitted connection, and how that is told. */
export class Connection {
  online = $state(false)
  /** True when the gap has lasted long enough to be worth a banner. */
  told = $state(false)

  private banner: ReturnType<typeof setTimeout> | undefined
  private again: ReturnType<typeof setTimeout> | undefined
  private attempt = 0
  private closed = false

  constructor(private readonly door: SocketDoor, private readonly listener: Listener) {}

  start(): void {
    const { wire } = this.door
    wire.on('connect', () => void this.connected())
    wire.on('disconnect', () => this.lost())
    wire.on('connect_error', (error: Error & { data?: { code?: string } }) => this.refused(error.data?.code))
    this.door.on('session.revoked', () => this.end())
    addEventListener('offline', this.networkLost)
    addEventListener('online', this.networkBack)
    wire.connect()
    this.lost()
  }

  stop(): void {
    this.closed = true
    removeEventListener('offline', this.networkLost)
    removeEventListener('online', this.networkBack)
    clearTimeout(this.banner)
    clearTimeout(this.again)
    this.online = false
    this.door.wire.disconnect()
  }

  /** The browser knows sooner than a heartbeat that the network is gone. */
  private networkLost = (): void => {
    this.door.wire.disconnect()
  }

  /** Now is better than the next turn of a back-off that began while there was no network. */
  private networkBack = (): void => {
    if (this.door.connected) return
    this.door.wire.disconnect()
    this.door.wire.connect()
  }

  private async connected(): Promise<void> {
    try {
      if (!(await this.listener.admit()) || this.closed || !this.door.connected) return
    } catch (error) {
      if (error instanceof Refusal && error.code === 'unauthenticated') return this.end()
      this.door.wire.disconnect()
      return this.reconnectLater()
    }
    this.attempt = 0
    this.online = true
    this.told = false
    clearTimeout(this.banner)
    this.banner = undefined
    this.listener.online()
  }

  private lost(): void {
    this.online = false
    if (this.closed) return
    this.banner ??= setTimeout(() => (this.told = true), BANNER_DELAY)
    this.reconnectLater()
  }

  private refused(code: string | undefined): void {
    if (code === 'unauthenticated') return this.end()
    this.reconnectLater()
  }

  /** socket.io comes back by itself only from transport failures, not when the server closed or refused. */
  private reconnectLater(): void {
    if (this.closed || this.door.wire.active) return
    clearTimeout(this.again)
    this.again = setTimeout(() => this.connectAgain(), backoff(this.attempt++, Math.random, 10_000))
  }

  /** Greeting a server twice in one handshake, it hangs up, and socket.io takes itself for connected all the same. */
  private connectAgain(): void {
    if (!this.door.wire.active) this.door.wire.connect()
  }

  private end(): void {
    this.stop()
    this.listener.expired()
  }
}
