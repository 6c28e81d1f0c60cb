/** Arrow keys among the controls of messages, so that Tab passes the whole conversation in a few steps. */

const CONTROL = '[data-control]:not(:disabled)'
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }

/** Left and right go along one message, up and down to the next one that has controls. */
export function steer(event: KeyboardEvent): void {
  const step = STEPS[event.key]
  const from = (event.target as Element).closest<HTMLElement>(CONTROL)
  const article = from?.closest('article')
  if (!step || !from || !article) return
  event.preventDefault()
  if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') return neighbour(controlsOf(article), from, step)?.focus()
  const articles = [...(article.closest('[role=log]')?.querySelectorAll('article') ?? [])]
  const others = articles.filter((other) => other === article || controlsOf(other).length > 0)
  const next = neighbour(others, article, step)
  if (next) controlsOf(next)[0]?.focus()
}

function controlsOf(article: Element): HTMLElement[] {
  return [...article.querySelectorAll<HTMLElement>(CONTROL)]
}

function neighbour<T>(list: readonly T[], of: T, step: number): T | undefined {
  return list[list.indexOf(of) + step]
}
