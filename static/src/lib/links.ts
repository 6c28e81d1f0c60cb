export type Segment = { kind: 'text'; text: string } | { kind: 'link'; text: string; href: string }

const address = /\bhttps?:\/\/[^\s<>"'`]+/giu
const closers: Record<string, string> = { ')': '(', ']': '[', '}': '{' }

/** Splits a message into plain text and http(s) addresses. Every character of the message is in exactly one segment. */
export function segments(message: string): Segment[] {
  const found: Segment[] = []
  let end = 0
  for (const match of message.matchAll(address)) {
    const text = withoutClosing(match[0])
    if (!URL.canParse(text)) continue
    if (match.index > end) found.push({ kind: 'text', text: message.slice(end, match.index) })
    found.push({ kind: 'link', text, href: new URL(text).href })
    end = match.index + text.length
  }
  if (end < message.length) found.push({ kind: 'text', text: message.slice(end) })
  return found
}

/** Punctuation that ends the sentence does not belong to the address, nor a bracket that was opened before it. */
function withoutClosing(url: string): string {
  for (;;) {
    const last = url.at(-1) ?? ''
    const opener = closers[last]
    const unmatched = opener !== undefined && url.split(opener).length < url.split(last).length
    if (!unmatched && !/[.,;:!?…]/u.test(last)) return url
    url = url.slice(0, -1)
  }
}
