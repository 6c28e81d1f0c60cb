/** How files are shown: where they lie, what they are called, and how much room their pictures take. */
import { Refusal, isAnswer, mayPass } from './errors'
import type { I18n } from './i18n/i18n.svelte'
import type { SharedFile } from './wire'

/** The largest a picture is shown within a conversation, in CSS pixels. */
const WIDEST = 360
const HIGHEST = 300
/** The least, so that a thin one can still be seen and touched. */
const LEAST = 44

const PICTURES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

export const addressOf = ({ id }: SharedFile) => `/api/files/${id}`

/** The size a picture is shown in; null for what is no picture. Known before its bytes are, so that nothing moves. */
export function shownSize({ type, width, height }: SharedFile): { width: number; height: number } | null {
  if (!PICTURES.has(type) || !width || !height) return null
  const scale = Math.min(1, WIDEST / width, HIGHEST / height)
  return { width: Math.max(LEAST, Math.round(width * scale)), height: Math.max(LEAST, Math.round(height * scale)) }
}

/** The ending of a name, for the card of a file: "PDF". */
export function endingOf(name: string): string {
  const ending = /\.([A-Za-z0-9]{1,5})$/.exec(name)?.[1]
  return ending?.toUpperCase() ?? ''
}

/** Whether the same upload may succeed when it is tried again. */
export function mayBeRetried(error: unknown): boolean {
  if (error instanceof Refusal && error.code === 'upload_cut') return true
  return isAnswer(error) && mayPass(error)
}

/** Why a file was refused, with the numbers it is about. */
export function refusedFile(error: unknown, i18n: I18n): string {
  const { limit, used } = error instanceof Refusal ? (error.options.numbers ?? {}) : {}
  const { files: t } = i18n.t
  if (error instanceof Refusal && limit !== undefined) {
    if (error.code === 'file_too_large') return t.tooLarge(i18n.bytes(limit))
    if (error.code === 'storage_full' && used !== undefined) return t.full(i18n.bytes(used), i18n.bytes(limit))
  }
  return i18n.reason(error)
}
