import type { MemberRole, Membership, Message, ReadChanged, Room, RoomEvent } from '../wire'

const byName = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true })

interface RoomsDoors {
  load(): Promise<{ epoch: string; rooms: Membership[] }>
  /** Called when a room is gone from the list by someone else's doing. */
  left(roomId: string): void
}

/** The rooms this account is a member of, with what is unread in each. */
export class Rooms {
  list = $state<Membership[]>([])
  status = $state<'loading' | 'ready' | 'failed'>('loading')
  /** The identity of the server's history; another one means that everything known is void. */
  epoch = $state('')

  totalUnread = $derived(this.list.reduce((sum, room) => sum + room.unread, 0))

  private loading: Promise<void> | undefined
  /** Events that came while the list was on its way, to be applied on top of it. */
  private meanwhile: RoomEvent[] = []

  constructor(private readonly me: string, private readonly doors: RoomsDoors) {}

  get(roomId: string): Membership | undefined {
    return this.list.find((room) => room.id === roomId)
  }

  /** Asks the server for the list. Calls that overlap share one request. */
  load(): Promise<void> {
    this.loading ??= this.fetch().finally(() => (this.loading = undefined))
    return this.loading
  }

  /** Begins with what was kept from the last visit. */
  restore(cached: { epoch: string; rooms: Membership[] }): void {
    if (this.status === 'ready') return
    this.epoch = cached.epoch
    this.list = cached.rooms
    this.status = 'ready'
  }

  upsert(room: Membership): void {
    this.list = [...this.list.filter((other) => other.id !== room.id), room].sort((a, b) => byName.compare(a.name, b.name))
  }

  remove(roomId: string): void {
    this.list = this.list.filter((room) => room.id !== roomId)
  }

  /** Answers false when events before this one were missed, so that the unread count is not known any more. */
  apply(event: RoomEvent): boolean {
    if (this.loading) this.meanwhile.push(event)
    const room = this.get(event.room_id)
    if (!room || event.seq <= room.head) return true
    const whole = event.seq === room.head + 1
    room.head = event.seq
    if (event.kind === 'message.posted') this.count(room, event.message)
    else if (event.kind === 'room.changed' || event.kind === 'member.changed') {
      this.rename(room, event.room)
      if (event.kind === 'member.changed' && event.member.user.id === this.me) this.applyOwn(room, event.member.role)
    }
    return whole
  }

  applyRead(read: ReadChanged): void {
    const room = this.get(read.room_id)
    if (!room || read.read_seq < room.read_seq) return
    room.read_seq = read.read_seq
    room.unread = read.unread
  }

  private async fetch(): Promise<void> {
    this.meanwhile = []
    try {
      const { epoch, rooms } = await this.doors.load()
      this.epoch = epoch
      this.list = rooms.sort((a, b) => byName.compare(a.name, b.name))
      this.status = 'ready'
    } catch (error) {
      if (this.status === 'loading') this.status = 'failed'
      throw error
    }
    const meanwhile = this.meanwhile
    this.loading = undefined
    for (const event of meanwhile) this.apply(event)
  }

  private count(room: Membership, message: Message): void {
    if (message.author.id !== this.me && message.seq > room.read_seq) room.unread += 1
  }

  private rename(room: Membership, { name, topic, owner_id: ownerId, members }: Room): void {
    Object.assign(room, { name, topic, owner_id: ownerId, members })
    this.list.sort((a, b) => byName.compare(a.name, b.name))
  }

  private applyOwn(room: Membership, role: MemberRole | null): void {
    if (role) room.role = role
    else {
      this.remove(room.id)
      this.doors.left(room.id)
    }
  }
}
