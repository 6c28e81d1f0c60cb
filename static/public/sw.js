// Keeps the shell of the app, so that a reload without a network still shows what this browser has. It never answers for the API:
// what is kept of rooms and messages lies in the page's own database.
const SHELL = 'guildhall-shell'
const assets = '/static/'

self.addEventListener('install', (event) => {
  event.waitUntil(refresh().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin || url.pathname.startsWith('/api/')) return
  if (request.mode === 'navigate') event.respondWith(page(event))
  else if (url.pathname.startsWith(assets)) event.respondWith(asset(event, url))
})

/** The network's page, or the kept one. Every page of the app is the same document. */
async function page(event) {
  try {
    const fresh = await fetch(event.request)
    if (fresh.ok) event.waitUntil(refresh())
    return fresh
  } catch {
    return (await caches.match('/')) ?? Response.error()
  }
}

/** Hashed files never change; the few others are taken from the network while there is one. */
async function asset(event, url) {
  const kept = await caches.match(event.request)
  if (kept && url.pathname.startsWith(`${assets}assets/`)) return kept
  try {
    return await fetch(event.request)
  } catch {
    return kept ?? Response.error()
  }
}

/** Brings the kept shell to the server's version: adds what is new in the manifest, drops what is gone. */
async function refresh() {
  const [cache, answer] = [await caches.open(SHELL), await fetch(`${assets}manifest.json`, { cache: 'no-cache' })]
  if (!answer.ok) return
  const chunks = Object.values(await answer.json())
  const files = new Set(chunks.flatMap(({ file, css = [] }) => [file, ...css]).map((file) => assets + file))
  const fixed = ['/', `${assets}theme.js`, `${assets}favicon.svg`, `${assets}app.webmanifest`]
  const known = new Map((await cache.keys()).map((request) => [new URL(request.url).pathname, request]))
  await cache.addAll([...fixed, ...[...files].filter((file) => !known.has(file))])
  for (const [path, request] of known) if (!files.has(path) && !fixed.includes(path)) await cache.delete(request)
}
