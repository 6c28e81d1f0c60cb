import type { Locale } from '../i18n/i18n.svelte'

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'guildhall.preferences'

/** What this browser's user likes. `public/theme.js` reads the same key before the first paint. */
export class Preferences {
  theme = $state<Theme>('system')
  locale = $state<Locale>('en')

  constructor(private readonly storage: Storage = localStorage, languages: readonly string[] = navigator.languages) {
    const kept = this.read()
    this.theme = kept.theme ?? 'system'
    this.locale = kept.locale ?? (languages[0]?.toLowerCase().startsWith('th') ? 'th' : 'en')
  }

  setTheme(theme: Theme): void {
    this.theme = theme
    this.keep()
  }

  setLocale(locale: Locale): void {
    this.locale = locale
    this.keep()
  }

  /** Shows the choices on the document. */
  show(root: HTMLElement = document.documentElement): void {
    root.lang = this.locale
    if (this.theme === 'system') delete root.dataset.theme
    else root.dataset.theme = this.theme
  }

  private keep(): void {
    this.storage.setItem(KEY, JSON.stringify({ theme: this.theme, locale: this.locale }))
  }

  private read(): { theme?: Theme; locale?: Locale } {
    try {
      const kept = JSON.parse(this.storage.getItem(KEY) ?? '{}') as { theme?: Theme; locale?: Locale }
      const known: { theme?: Theme; locale?: Locale } = {}
      if (kept.theme === 'light' || kept.theme === 'dark') known.theme = kept.theme
      if (kept.locale === 'en' || kept.locale === 'th') known.locale = kept.locale
      return known
    } catch {
      return {}
    }
  }
}
