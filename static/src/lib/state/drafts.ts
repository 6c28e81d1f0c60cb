/** What is written and not yet sent, per room. Kept in this browser, apart for each account. */
export class Drafts {
  private readonly prefix: string

  constructor(user: string, private readonly storage: Storage = localStorage) {
    this.prefix = `guildhall.draft.${user}.`
  }

  get(roomId: string): string {
    return this.storage.getItem(this.prefix + roomId) ?? ''
  }

  set(roomId: string, text: string): void {
    try {
      if (text) this.storage.setItem(this.prefix + roomId, text)
      else this.storage.removeItem(this.prefix + roomId)
    } catch {
      // A full storage loses the draft at a reload, not while it is being written.
    }
  }

  clear(): void {
    for (const key of Object.keys(this.storage)) if (key.startsWith(this.prefix)) this.storage.removeItem(key)
  }
}
