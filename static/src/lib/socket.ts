/** The one socket door: commands with an acknowledgement, and pushes. */
import type { Socket } from 'socket.io-client'
import { Refusal, Unreachable, numbersIn } from './errors'
import type { Commands, Pushes, Refused } from './wire'

/** How long an acknowledgement is waited for, in milliseconds. */
const ACK_PATIENCE = 8_000

/** What this door needs of a socket.io client socket. */
export type Wire = Pick<Socket, 'connected' | 'on' | 'off' | 'timeout' | 'connect' | 'disconnect' | 'active'>

export class SocketDoor {
  constructor(readonly wire: Wire) {}

  get connected(): boolean {
    return this.wire.connected
  }

  /**
   * Sends a command and waits for its answer.
   * @throws Refusal when the server says no; Unreachable when there is no connection or no answer. socket.io would
   * keep a command given while offline and send it later, behind the back of the outbox, so it is never given one.
   */
  async call<K extends keyof Commands>(name: K, payload: Commands[K][0]): Promise<Commands[K][1]> {
    if (!this.wire.connected) throw new Unreachable(`${name}: not connected`)
    let answer: ({ ok: true } & Commands[K][1]) | Refused
    try {
      answer = await this.wire.timeout(ACK_PATIENCE).emitWithAck(name, payload)
    } catch (cause) {
      throw new Unreachable(`${name}: no answer`, { cause })
    }
    if (answer.ok) return answer
    const { code, detail, retry, retry_after: retryAfter } = answer
    throw new Refusal(code, detail, {
      numbers: numbersIn(answer),
      retry,
      ...(retryAfter == null ? {} : { retryAfter }),
    })
  }

  /** Calls `handler` with every push of that name. */
  on<K extends keyof Pushes>(name: K, handler: (push: Pushes[K]) => void): void {
    this.wire.on(name as string, handler as (push: unknown) => void)
  }
}

/** A socket to the page's own server. It is not connected yet, and signs in with the session cookie. */
export async function openSocket(): Promise<SocketDoor> {
  const { io } = await import('socket.io-client')
  return new SocketDoor(
    io({
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      autoConnect: false,
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
    }),
  )
}
