/** Well-formed wire objects for specs. */
import type { Author, Feedback, Membership, Message, RoomEvent, SharedFile } from '../lib/wire'

export const me: Author = { id: '1', username: 'ada' }
export const bo: Author = { id: '2', username: 'bo' }
export const EPOCH = 'first'
const AT = '2026-11-20T12:00:00.000Z'

export function message(seq: number, over: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`, room_id: '7', seq, client_id: `c${seq}`, author: bo, body: `text ${seq}`, files: [], at: AT, card: null, feedback: null, ...over,
  }
}

export function shared(id: string, over: Partial<SharedFile> = {}): SharedFile {
  return { id, name: `${id}.txt`, size: 5, type: 'text/plain', width: null, height: null, ...over }
}

export function posted(seq: number, over: Partial<Message> = {}): RoomEvent {
  const given = message(seq, over)
  return { kind: 'message.posted', room_id: given.room_id, seq, at: given.at, actor: given.author, epoch: EPOCH, message: given }
}

/** One thumb up by Bo, who also is the reader. */
export function feedback(messageId: string, seq: number, over: Partial<Feedback> = {}): Feedback {
  return {
    message_id: messageId, seq, reactions: [{ emoji: '👍', count: 1, people: [bo] }], helpful: { count: 0, people: [] },
    choice: { user_id: bo.id, emojis: ['👍'], helpful: false }, ...over,
  }
}

export function reacted(seq: number, given: Feedback, actor = bo): RoomEvent {
  return { kind: 'reaction.changed', room_id: '7', seq, at: AT, actor, epoch: EPOCH, feedback: given }
}

export function membership(over: Partial<Membership> = {}): Membership {
  return {
    id: '7', name: 'Bookbinding', topic: '', kind: 'public', owner_id: '1', head: 10, created_at: AT, members: 1,
    role: 'member', read_seq: 10, unread: 0, ...over,
  }
}

export function joined(seq: number, user = bo): RoomEvent {
  const { role: _, read_seq: __, unread: ___, ...room } = membership({ head: seq, members: 2 })
  const member = { user, role: 'member' as const, joined_at: AT }
  return { kind: 'member.changed', room_id: '7', seq, at: AT, actor: user, epoch: EPOCH, member, room }
}

/** A promise together with its ends. */
export function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((...ends) => ([resolve, reject] = ends))
  return { promise, resolve, reject }
}

/** Lets everything that is already settled run. */
export const settle = () => new Promise<void>((done) => setTimeout(done))
