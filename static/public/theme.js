// Runs before the first paint, so that a chosen theme never flashes the other one.
;(() => {
  const root = document.documentElement
  try {
    const { theme, locale } = JSON.parse(localStorage.getItem('guildhall.preferences') ?? '{}')
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme
    if (locale === 'en' || locale === 'th') root.lang = locale
  } catch {
    // Storage may be blocked; the system theme is then right.
  }
})()
