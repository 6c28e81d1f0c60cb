import { Refusal, Unreachable, isAnswer } from '../errors'
import type { SharedFile, Storage } from '../wire'

/** Files of one message. */
export const FILES_MAX = 4

export interface Upload {
  readonly key: string
  readonly room: string
  readonly name: string
  readonly size: number
  /** waiting: for a connection. */
  state: 'waiting' | 'moving' | 'done' | 'failed'
  /** The part of it that has left, from 0 to 1. */
  moved: number
  failure: unknown
  stored: SharedFile | null
}

export interface UploadDoors {
  upload(room: string, file: File, moved: (part: number) => void, signal: AbortSignal): Promise<SharedFile>
  discard(id: string): Promise<void>
  storage(): Promise<Storage>
  online(): boolean
  newId(): string
}

/**
 * The files that are handed in for a room's next message. Uploading needs the network: without it they wait for it. A reload
 * forgets them; the message they are sent with is kept like any other, for by then the server has them.
 */
export class Uploads {
  list = $state<Upload[]>([])

  private readonly sources = new Map<string, { file: File; stop: AbortController }>()

  constructor(private readonly doors: UploadDoors) {}

  of(room: string): Upload[] {
    return this.list.filter((upload) => upload.room === room)
  }

  /** Begins to upload files. Answers how many found no place beside those that are there. */
  add(room: string, files: Iterable<File>): number {
    const given = [...files]
    const taken = given.slice(0, Math.max(0, FILES_MAX - this.of(room).length))
    for (const file of taken) {
      const key = this.doors.newId()
      this.sources.set(key, { file, stop: new AbortController() })
      this.list.push({ key, room, name: file.name, size: file.size, state: 'waiting', moved: 0, failure: null, stored: null })
      void this.begin(key)
    }
    return given.length - taken.length
  }

  /** Takes back files of a message that was not sent. */
  restore(room: string, files: readonly SharedFile[]): void {
    for (const stored of files) {
      const { name, size } = stored
      this.list.push({ key: this.doors.newId(), room, name, size, state: 'done', moved: 1, failure: null, stored })
    }
  }

  /** Begins again what has failed. */
  retry(key: string): void {
    const upload = this.find(key)
    if (upload?.state !== 'failed') return
    Object.assign(upload, { state: 'waiting', moved: 0, failure: null })
    void this.begin(key)
  }

  /** Takes a file out, in whatever state it is. */
  remove(key: string): void {
    const stored = this.find(key)?.stored
    this.drop(key)
    // The server removes by itself, a day later, what it is not told of.
    if (stored) void this.doors.discard(stored.id).catch(() => undefined)
  }

  /** The files of the room's next message, which they leave with. */
  take(room: string): SharedFile[] {
    const done = this.of(room).filter((upload) => upload.state === 'done')
    for (const upload of done) this.drop(upload.key)
    return done.flatMap(({ stored }) => (stored ? [$state.snapshot(stored)] : []))
  }

  /** Goes on with what waits. Called when the connection is back. */
  kick(): void {
    for (const { key, state } of this.list) if (state === 'waiting') void this.begin(key)
  }

  /** Lets go of everything. */
  stop(): void {
    for (const { key } of [...this.list]) this.drop(key)
  }

  private drop(key: string): void {
    this.sources.get(key)?.stop.abort()
    this.sources.delete(key)
    this.list = this.list.filter((upload) => upload.key !== key)
  }

  private find(key: string): Upload | undefined {
    return this.list.find((upload) => upload.key === key)
  }

  private async begin(key: string): Promise<void> {
    const upload = this.find(key)
    const source = this.sources.get(key)
    if (!upload || !source || !this.doors.online()) return
    upload.state = 'moving'
    try {
      await this.measure(source.file)
      const moved = (part: number) => (upload.moved = part)
      const stored = await this.doors.upload(upload.room, source.file, moved, source.stop.signal)
      Object.assign(upload, { state: 'done', moved: 1, stored })
    } catch (failure) {
      if (!isAnswer(failure)) throw failure
      // A connection that was lost meanwhile is waited for; one that only this upload could not use is told of.
      if (failure instanceof Unreachable && !this.doors.online()) Object.assign(upload, { state: 'waiting', moved: 0 })
      else Object.assign(upload, { state: 'failed', failure })
    }
  }

  /** Says what the server would say, before megabytes have travelled for it. */
  private async measure(file: File): Promise<void> {
    if (file.size === 0) throw new Refusal('file_empty', '')
    const { used, limit, file: largest } = await this.doors.storage()
    if (file.size > largest) throw new Refusal('file_too_large', '', { numbers: { limit: largest } })
    if (used + file.size > limit) throw new Refusal('storage_full', '', { numbers: { limit, used } })
  }
}
