/**
 * Keeps the pages of a shop for a visit without a network: the shell, not what it shows.
 *
 * The build fills in which files there are. A page is asked for at the server first, and taken from here when no answer
 * comes in time; files whose name changes with their content are taken from here at once.
 *
 * A file that another app shares is kept for the page that asks which loss it is for; nothing is sent.
 *
 * Invariant: the API is never answered from here, so nothing old can look new.
 */
const FILES = self.__FILES__
const NAME = `shell-${self.__VERSION__}`
/** How long a slow network is waited for before the kept page is shown. */
const PATIENCE_MS = 4_000
/** Where a shared file waits, one at most, and how large it may be. */
const SHARED = 'shared'
const SHARED_BYTES_MAX = 32 * 1024 * 1024

self.addEventListener('install', (event) => event.waitUntil(fill()))
self.addEventListener('activate', (event) => event.waitUntil(tidy()))
self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request
  const { origin, pathname } = new URL(url)
  if (method === 'POST' && mode === 'navigate' && origin === self.location.origin && pathname === '/shared') {
    event.respondWith(share(event.request))
    return
  }
  if (method !== 'GET' || origin !== self.location.origin || pathname.startsWith('/api/')) return
  if (mode === 'navigate') event.respondWith(page(event.request))
  else if (FILES.includes(pathname)) event.respondWith(file(event.request))
})

async function fill() {
  const cache = await caches.open(NAME)
  await cache.addAll(['/', ...FILES])
}

/** What an older build kept goes, and pages that are open already are looked after too. */
async function tidy() {
  const names = await caches.keys()
  await Promise.all(
    names.filter((name) => name !== NAME && name !== SHARED).map((name) => caches.delete(name)),
  )
  await self.clients.claim()
}

/** Whoever shares a file, the page shows it before anything is done with it. */
async function share(request) {
  await caches.delete(SHARED)
  const form = await request.formData().catch(() => null)
  const file = form?.get('file')
  if (file instanceof File && file.size && file.size <= SHARED_BYTES_MAX) {
    const cache = await caches.open(SHARED)
    const headers = { 'x-name': encodeURIComponent(file.name.slice(0, 200)), 'x-at': String(Date.now()) }
    await cache.put('/shared', new Response(file, { headers }))
  }
  return Response.redirect('/shared', 303)
}

async function page(request) {
  const kept = () => caches.match('/', { cacheName: NAME, ignoreVary: true })
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))
  const asked = fetch(request).catch(() => null)
  const answer = await Promise.race([asked, late])
  if (answer && answer.status < 500) return answer
  return (await kept()) ?? (await asked) ?? Response.error()
}

async function file(request) {
  return (await caches.match(request, { cacheName: NAME, ignoreVary: true })) ?? fetch(request)
}
