export type Route =
  | { name: 'home' | 'missing' | PageName }
  | { name: 'room'; id: string }

const pages = new Set([
  'login', 'register', 'setup', 'wallet', 'achievements', 'leaderboard', 'rules', 'settings', 'discover', 'docs',
] as const)
type PageName = typeof pages extends Set<infer Name> ? Name : never

/** What a path of this site shows. */
export function routeOf(path: string): Route {
  const [first = '', second, ...rest] = path.split('/').filter(Boolean)
  if (!first) return { name: 'home' }
  if (first === 'r' && second && /^\d+$/.test(second) && rest.length === 0) return { name: 'room', id: second }
  if (second === undefined && pages.has(first as PageName)) return { name: first as PageName }
  return { name: 'missing' }
}

/** The page's address as state. */
export class Router {
  path = $state(location.pathname)
  route = $derived(routeOf(this.path))

  /** Follows the back button and same-site links until the answer is called. */
  watch(): () => void {
    const moved = () => (this.path = location.pathname)
    addEventListener('popstate', moved)
    document.addEventListener('click', this.follow)
    return () => {
      removeEventListener('popstate', moved)
      document.removeEventListener('click', this.follow)
    }
  }

  go(path: string, { replace = false } = {}): void {
    if (path === this.path) return
    if (replace) history.replaceState(null, '', path)
    else history.pushState(null, '', path)
    this.path = path
  }

  private follow = (event: MouseEvent): void => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    const link = (event.target as Element).closest?.('a')
    if (!plain || event.defaultPrevented || !link || link.target || link.hasAttribute('download')) return
    const url = new URL(link.href)
    if (url.origin !== location.origin || routeOf(url.pathname).name === 'missing' || url.hash) return
    event.preventDefault()
    this.go(url.pathname)
  }
}
