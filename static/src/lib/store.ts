/** What this browser keeps between visits: unsent messages, and the last seen pages for reading offline. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Membership, Message, SharedFile } from './wire'

/** A message on its way. `order` is given by the database, so it is one order over all tabs. */
export interface Unsent {
  order: number
  user: string
  room: string
  clientId: string
  body: string
  /** Files of its author that are uploaded already. */
  files: SharedFile[]
  /** ISO 8601, when it was written. */
  at: string
  failed: string | null
}

export interface CachedRooms {
  epoch: string
  rooms: Membership[]
}

export interface CachedTimeline {
  epoch: string
  last: number
  messages: Message[]
  hasOlder: boolean
}

interface Schema extends DBSchema {
  outbox: { key: number; value: Unsent; indexes: { user: string } }
  cache: { key: [user: string, name: string]; value: unknown }
}

export class Store {
  private constructor(private readonly database: IDBPDatabase<Schema>) {}

  static async open(name = 'guildhall'): Promise<Store> {
    const database = await openDB<Schema>(name, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('outbox', { keyPath: 'order', autoIncrement: true }).createIndex('user', 'user')
        fresh.createObjectStore('cache')
      },
    })
    return new Store(database)
  }

  /** The unsent messages of one account, oldest first. */
  async unsent(user: string): Promise<Unsent[]> {
    const kept = await this.database.getAllFromIndex('outbox', 'user', user)
    // Those of an earlier version have none.
    return kept.map((unsent) => ({ ...unsent, files: unsent.files ?? [] }))
  }

  /** Keeps a message and answers its place in the order. */
  async keep(unsent: Omit<Unsent, 'order'>): Promise<number> {
    // The key is missing on purpose: the database counts.
    return this.database.add('outbox', unsent as Unsent)
  }

  async change(unsent: Unsent): Promise<void> {
    await this.database.put('outbox', { ...unsent })
  }

  async drop(order: number): Promise<void> {
    await this.database.delete('outbox', order)
  }

  async cached<T>(user: string, name: string): Promise<T | undefined> {
    return (await this.database.get('cache', [user, name])) as T | undefined
  }

  async cache(user: string, name: string, value: unknown): Promise<void> {
    await this.database.put('cache', value, [user, name])
  }

  /** Forgets what the account has read, as at sign-out. Unsent messages stay: they were promised. */
  async forget(user: string): Promise<void> {
    // Arrays sort after strings in IndexedDB, so this range is every key that begins with the account.
    await this.database.delete('cache', IDBKeyRange.bound([user], [user, []]))
  }
}
