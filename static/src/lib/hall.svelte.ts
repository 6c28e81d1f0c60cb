/** Everything of one signed-in account, and how what the server says reaches it. */
import { SvelteMap } from 'svelte/reactivity'
import type { Api } from './api'
import { backoff } from './backoff'
import { Unreachable, isAnswer, mayPass } from './errors'
import type { SocketDoor } from './socket'
import { Connection } from './state/connection.svelte'
import { Daily } from './state/daily.svelte'
import { Drafts } from './state/drafts'
import { Gifts } from './state/gifts.svelte'
import { Notices } from './state/notices.svelte'
import { Outbox } from './state/outbox.svelte'
import { Reads } from './state/reads.svelte'
import { Rooms } from './state/rooms.svelte'
import { Timeline } from './state/timeline.svelte'
import { Typing } from './state/typing.svelte'
import { Uploads } from './state/uploads.svelte'
import { Wallet } from './state/wallet.svelte'
import type { CachedRooms, CachedTimeline, Store } from './store'
import type { Author, Membership, Message, MessageSent, RoomEvent, SharedFile, User } from './wire'

/** Rooms kept open at once; the others are followed by their heads alone. */
const OPEN_ROOMS = 100
/** Milliseconds after which a changed timeline is kept for reading offline. */
const CACHE_DELAY = 1_000
/** Milliseconds between two tries to reach a server that is connected and does not answer, at most. */
const LONGEST_PAUSE = 5_000

export interface HallDoors {
  api: Api
  door: SocketDoor
  store: Store
  expired(): void
  /** The browser is signed in as someone else now. */
  replaced(): void
  sleep(milliseconds: number): Promise<void>
}

export class Hall {
  readonly connection: Connection
  readonly rooms: Rooms
  readonly outbox: Outbox
  readonly uploads: Uploads
  readonly wallet: Wallet
  readonly daily: Daily
  readonly gift: Gifts
  readonly notices = new Notices()
  readonly reads: Reads
  readonly typing: Typing
  readonly drafts: Drafts
  /** Who was connected, per room, when it was last opened. */
  readonly present = new SvelteMap<string, readonly string[]>()
  /** The latest message by somebody else in the shown room, for the announcer. */
  heard = $state.raw<Message | null>(null)
  shown = $state<string | null>(null)
  /** Whose profile is open, and in which room it was opened. */
  profile = $state.raw<{ user: Author; room?: { id: string; name: string } } | null>(null)
  /** The picture that is looked at. */
  viewed = $state.raw<{ file: SharedFile; author: Author } | null>(null)
  /** Counts up whenever who is in a room, or as what, may have changed. */
  comings = $state(0)

  private readonly timelines = new Map<string, Timeline>()
  private readonly openedFiles = new Set<string>()
  private readonly caching = new Map<string, ReturnType<typeof setTimeout>>()
  private readonly siblings: BroadcastChannel
  private readonly unwatch: () => void
  private restarting = false
  private stopped = false

  constructor(readonly user: User, private readonly doors: HallDoors) {
    const { api, door } = doors
    this.siblings = new BroadcastChannel(`guildhall.outbox.${user.id}`)
    this.rooms = new Rooms(user.id, { load: api.rooms, left: (roomId) => this.forget(roomId) })
    this.wallet = new Wallet(api)
    this.daily = this.makeDaily()
    this.gift = new Gifts({ gifts: api.gifts, members: api.members, rooms: () => this.roomsByNow(), me: user.id })
    this.drafts = new Drafts(user.id)
    this.outbox = this.makeOutbox()
    this.uploads = this.makeUploads()
    this.reads = new Reads(async (roomId, seq) => {
      const read = await door.call('read.set', { room_id: roomId, seq })
      this.rooms.applyRead({ room_id: roomId, ...read })
    })
    this.typing = new Typing((roomId, on) => void door.call('typing.set', { room_id: roomId, on }).catch(() => undefined))
    this.connection = new Connection(door, {
      admit: () => this.admit(),
      online: () => void this.arrive(),
      expired: doors.expired,
    })
    this.unwatch = this.reads.watch()
    this.listen()
  }

  /** Shows what is kept from the last visit, then connects. */
  async start(): Promise<void> {
    const cached = await this.doors.store.cached<CachedRooms>(this.user.id, 'rooms')
    if (cached) this.rooms.restore(cached)
    await this.outbox.load()
    this.siblings.onmessage = () => void this.outbox.load()
    this.connection.start()
  }

  stop(): void {
    this.stopped = true
    this.connection.stop()
    this.siblings.close()
    this.unwatch()
    this.uploads.stop()
    for (const timer of this.caching.values()) clearTimeout(timer)
  }

  /** Removes what this account has read and written here. Messages on their way stay. */
  async erase(): Promise<void> {
    this.stop()
    this.drafts.clear()
    await this.doors.store.forget(this.user.id)
  }

  timeline(roomId: string): Timeline {
    const known = this.timelines.get(roomId)
    if (known) return known
    const { api, door, store } = this.doors
    const timeline = new Timeline(this.user.id, () => this.rooms.epoch, {
      page: (range) => api.messages(roomId, range),
      sync: (since) => door.call('room.sync', { room_id: roomId, since, limit: 200 }),
      cached: () => store.cached<CachedTimeline>(this.user.id, `timeline.${roomId}`),
      known: (messages) => this.known(roomId, messages),
      epochChanged: () => void this.restart(),
      sleep: this.doors.sleep,
    })
    this.timelines.set(roomId, timeline)
    return timeline
  }

  /** Brings a room to the front (or none). */
  async show(roomId: string | null): Promise<void> {
    if (this.shown === roomId) return
    if (this.shown) this.timelines.get(this.shown)?.rest()
    this.typing.stopped()
    this.shown = roomId
    if (!roomId) return
    const timeline = this.timeline(roomId)
    const room = this.rooms.get(roomId)
    if (timeline.status === 'ready') timeline.readBefore = room?.unread ? room.read_seq : null
    else if (this.connection.online) await this.enter(roomId)
    else await timeline.restore()
  }

  /**
   * Opens a room for live events and, when it is the shown one, loads its messages. What went wrong but may pass is tried
   * again by itself for as long as the room is looked at.
   */
  async enter(roomId: string): Promise<void> {
    const waiting = () => this.connection.online && this.shown === roomId && this.timeline(roomId).status === 'failed'
    for (let attempt = 0; !(await this.isOverAfterEntering(roomId)); attempt += 1) {
      if (waiting()) await this.doors.sleep(backoff(attempt, Math.random, LONGEST_PAUSE))
      if (!waiting()) return
    }
  }

  async create(room: { name: string; topic: string; client_id: string }): Promise<Membership> {
    return this.welcome(await this.doors.api.createRoom(room))
  }

  async join(roomId: string): Promise<Membership> {
    return this.welcome(await this.doors.api.joinRoom(roomId))
  }

  async leave(roomId: string): Promise<void> {
    await this.doors.api.leaveRoom(roomId)
    this.rooms.remove(roomId)
    this.forget(roomId)
    await this.keepRooms()
  }

  /** Puts an emoji on a message or takes it away. */
  async react(roomId: string, messageId: string, emoji: string, on: boolean): Promise<void> {
    const { seq } = await this.doors.door.call('reaction.set', { message_id: messageId, emoji, on })
    void this.timelines.get(roomId)?.catchUp(seq)
  }

  /** Tells the server that a file of somebody else was opened, once in a visit. It is theirs to gain, so nothing waits for it. */
  opened(file: SharedFile, author: Author): void {
    if (author.id === this.user.id || this.openedFiles.has(file.id)) return
    this.openedFiles.add(file.id)
    void this.doors.api.fileOpened(file.id).catch(() => this.openedFiles.delete(file.id))
  }

  /** Looks at a picture. */
  view(file: SharedFile, author: Author): void {
    this.viewed = { file, author }
    this.opened(file, author)
  }

  /** Votes for a message as helpful or takes the vote back. */
  async vote(roomId: string, messageId: string, on: boolean): Promise<void> {
    const { seq } = await this.doors.door.call('helpful.set', { message_id: messageId, on })
    void this.timelines.get(roomId)?.catchUp(seq)
  }

  /** Tries to open a room. Answers whether trying again would be of no use. */
  private async isOverAfterEntering(roomId: string): Promise<boolean> {
    const timeline = this.timeline(roomId)
    try {
      const { head, read_seq, epoch, online } = await this.doors.door.call('room.open', { room_id: roomId })
      if (epoch !== this.rooms.epoch) {
        await this.restart()
        return true
      }
      this.present.set(roomId, online)
      const unread = this.rooms.get(roomId)?.unread ?? 0
      // Not waited for: it asks until it is answered, and other rooms are waiting to be opened.
      if (timeline.status === 'ready') void timeline.catchUp(head)
      else if (this.shown === roomId && timeline.status !== 'loading') await timeline.open({ head, read_seq, unread })
      return true
    } catch (error) {
      if (!isAnswer(error)) throw error
      if (timeline.status === 'ready' || (error instanceof Unreachable && (await timeline.restore()))) return true
      timeline.status = 'failed'
      return !mayPass(error)
    }
  }

  private makeOutbox(): Outbox {
    const { door, store } = this.doors
    return new Outbox(this.user.id, {
      store,
      exclusively: async (name, work) => await navigator.locks.request(name, work),
      send: (unsent) => door.call('message.send', unsent),
      sent: (answer) => this.sent(answer),
      online: () => this.connection.online,
      changed: () => this.tellSiblings(),
      sleep: this.doors.sleep,
      newId: () => crypto.randomUUID(),
      now: () => new Date(),
    })
  }

  private makeUploads(): Uploads {
    const { upload, discardFile: discard, storage } = this.doors.api
    return new Uploads({ upload, discard, storage, online: () => this.connection.online, newId: () => crypto.randomUUID() })
  }

  private async roomsByNow(): Promise<readonly Membership[]> {
    if (this.rooms.status !== 'ready') await this.rooms.load()
    return this.rooms.list
  }

  private makeDaily(): Daily {
    const { streak, claimDaily } = this.doors.api
    return new Daily({
      streak,
      claimDaily,
      newId: () => crypto.randomUUID(),
      milestone: ({ streak_days: days, granted }) => this.notices.tell({ kind: 'streak', days, granted }),
    })
  }

  /** Other tabs of this account look into the database again. */
  private tellSiblings(): void {
    // A message may still be answered after the end.
    if (!this.stopped) this.siblings.postMessage(null)
  }

  private listen(): void {
    const { door } = this.doors
    door.on('room.event', (event) => this.happened(event))
    door.on('rooms.heads', ({ epoch, heads }) => this.compare(epoch, heads))
    door.on('read.changed', (read) => this.rooms.applyRead(read))
    door.on('typing.changed', (typing) => {
      if (typing.user.id !== this.user.id) this.typing.apply(typing)
    })
    door.on('wallet.changed', (balance) => this.wallet.changed(balance))
    door.on('reward.granted', (reward) => this.wallet.rewarded(reward))
    door.on('tier.changed', ({ tier, up }) => this.notices.tell({ kind: 'tier', tier, up }))
    door.on('gift.received', ({ gift }) => {
      this.gift.add(gift)
      this.notices.tell({ kind: 'gift', gift })
    })
  }

  /** The cookie decides who the socket speaks for, and another tab may have changed it. */
  private async admit(): Promise<boolean> {
    const me = await this.doors.api.me()
    if (me.id !== this.user.id) this.doors.replaced()
    return me.id === this.user.id
  }

  private async arrive(): Promise<void> {
    this.outbox.kick()
    this.uploads.kick()
    for (let attempt = 0; !(await this.isOverAfterRefreshing()); attempt += 1) {
      await this.doors.sleep(backoff(attempt, Math.random, LONGEST_PAUSE))
      if (!this.connection.online) return
    }
    const others = this.rooms.list.map((room) => room.id).filter((roomId) => roomId !== this.shown)
    const shown = this.shown && this.rooms.get(this.shown) ? [this.shown] : []
    for (const roomId of [...shown, ...others].slice(0, OPEN_ROOMS)) {
      if (this.connection.online) await this.enter(roomId)
    }
  }

  /** Asks how things stand. Answers whether asking again would be of no use. */
  private async isOverAfterRefreshing(): Promise<boolean> {
    try {
      await Promise.all([this.recount(), this.wallet.refresh()])
      return true
    } catch (error) {
      if (!isAnswer(error)) throw error
      return !mayPass(error)
    }
  }

  private async recount(): Promise<void> {
    const before = this.rooms.epoch
    await this.rooms.load()
    this.comings += 1
    if (before && before !== this.rooms.epoch) this.resetTimelines()
    await this.keepRooms()
  }

  /** Keeps the list for a visit without a network: whenever it was loaded, and when a room came or went. */
  private async keepRooms(): Promise<void> {
    const { epoch, list } = this.rooms
    await this.doors.store.cache(this.user.id, 'rooms', { epoch, rooms: $state.snapshot(list) })
  }

  private async restart(): Promise<void> {
    if (this.restarting) return
    this.restarting = true
    this.resetTimelines()
    await this.arrive().finally(() => (this.restarting = false))
  }

  private resetTimelines(): void {
    for (const timeline of this.timelines.values()) timeline.reset()
    this.reads.reset()
  }

  private happened(event: RoomEvent): void {
    const whole = this.rooms.apply(event)
    this.timelines.get(event.room_id)?.apply(event)
    if (event.kind === 'member.changed') this.comings += 1
    if (!whole) void this.recount().catch(() => undefined)
    if (event.kind !== 'message.posted' || event.actor.id === this.user.id) return
    this.typing.apply({ room_id: event.room_id, user: event.actor, on: false })
    if (event.room_id === this.shown) this.heard = event.message
  }

  private compare(epoch: string, heads: Record<string, number>): void {
    if (!this.rooms.epoch) return
    if (epoch !== this.rooms.epoch) return void this.restart()
    let stale = false
    for (const [roomId, head] of Object.entries(heads)) {
      void this.timelines.get(roomId)?.catchUp(head)
      const room = this.rooms.get(roomId)
      stale ||= !room || room.head < head
    }
    if (stale) void this.recount().catch(() => undefined)
  }

  private known(roomId: string, messages: readonly Message[]): void {
    const own = messages.filter((message) => message.author.id === this.user.id)
    this.outbox.confirm(own.map((message) => message.client_id))
    clearTimeout(this.caching.get(roomId))
    this.caching.set(roomId, setTimeout(() => void this.cache(roomId), CACHE_DELAY))
  }

  private async cache(roomId: string): Promise<void> {
    const snapshot = this.timelines.get(roomId)?.snapshot()
    if (snapshot) await this.doors.store.cache(this.user.id, `timeline.${roomId}`, snapshot)
  }

  /** An acknowledgement says the same as the echo, and whichever comes first counts. */
  private sent({ message }: MessageSent): void {
    const { room_id, seq, at, author: actor } = message
    const event: RoomEvent = { kind: 'message.posted', room_id, seq, at, actor, epoch: this.rooms.epoch, message }
    this.timelines.get(room_id)?.apply(event)
  }

  private async welcome(room: Membership): Promise<Membership> {
    this.rooms.upsert(room)
    await this.keepRooms()
    if (this.connection.online) await this.enter(room.id)
    return room
  }

  private forget(roomId: string): void {
    this.timelines.delete(roomId)
    this.drafts.set(roomId, '')
    if (this.shown === roomId) this.shown = null
  }
}
