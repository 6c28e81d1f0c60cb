/** The rows of a timeline, made from its messages: pure, so that what is seen can be tested without a browser. */
import type { Pending, PendingState } from './state/outbox.svelte'
import type { Author, Card, Feedback, Message, SharedFile } from './wire'

/** Messages of one author stand under one name until it is this many milliseconds old. */
const GROUP = 5 * 60_000

export interface MessageRow {
  kind: 'message'
  key: string
  clientId: string
  /** Null while the message is on its way. */
  id: string | null
  seq: number | null
  author: Author
  body: string
  files: readonly SharedFile[]
  card: Card | null
  feedback: Feedback | null
  at: string
  state: PendingState
  failed: string | null
  /** True on the first message of a group, which carries the name and the time. */
  leads: boolean
}

export type Row = MessageRow | { kind: 'beginning' | 'unread'; key: string } | { kind: 'day'; key: string; at: string }

interface Given {
  messages: readonly Message[]
  pending: readonly Pending[]
  me: Author
  /** True when the first of `messages` is the first of the room. */
  fromBeginning: boolean
  /** The last seq read before this visit, or null when nothing was unread. */
  readBefore: number | null
}

/** Day separators, the unread divider, and messages: the stored ones first, then those on their way. */
export function rowsOf({ messages, pending, me, fromBeginning, readBefore }: Given): Row[] {
  const rows: Row[] = fromBeginning ? [{ kind: 'beginning', key: 'beginning' }] : []
  let leader: MessageRow | null = null
  let divided = readBefore === null
  const add = (row: MessageRow) => {
    const day = dayOf(row.at)
    if (!leader || dayOf(leader.at) !== day) {
      rows.push({ kind: 'day', key: `day ${row.key}`, at: row.at })
      leader = null
    }
    if (!divided && row.seq !== null && row.seq > (readBefore ?? 0) && row.author.id !== me.id) {
      rows.push({ kind: 'unread', key: 'unread' })
      divided = true
      leader = null
    }
    const leads = !follows(leader, row)
    if (leads) leader = row
    rows.push({ ...row, leads })
  }
  for (const message of messages) add(stored(message))
  for (const entry of onTheirWay(messages, pending, me)) add(entry)
  return rows
}

/** A message keeps its key from the moment it is written: the id that its author's client gave it. */
function keyOf(author: Author, clientId: string): string {
  return `${author.id} ${clientId}`
}

function stored({ author, client_id: clientId, id, seq, body, files, card, feedback, at }: Message): MessageRow {
  const key = keyOf(author, clientId)
  // Pages that an earlier version kept say nothing of files.
  return { kind: 'message', key, clientId, id, seq, author, body, files: files ?? [], card, feedback, at, state: 'sent', failed: null, leads: true }
}

function onTheirWay(messages: readonly Message[], pending: readonly Pending[], me: Author): MessageRow[] {
  if (pending.length === 0) return []
  const known = new Set(messages.filter((message) => message.author.id === me.id).map((message) => message.client_id))
  return pending
    .filter((entry) => !known.has(entry.clientId))
    .map(({ clientId, body, files, at, state, failed }) => ({
      kind: 'message', key: keyOf(me, clientId), clientId, id: null, seq: null, author: me, body, files, card: null, feedback: null, at,
      state, failed, leads: true,
    }))
}

function follows(leader: MessageRow | null, row: MessageRow): boolean {
  return leader?.author.id === row.author.id && Date.parse(row.at) - Date.parse(leader.at) < GROUP
}

/** The local calendar day, as a key. */
function dayOf(at: string): string {
  const date = new Date(at)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}
