/**
 * The incident's timeline as it grows: read once, then followed on the event stream.
 *
 * The stream resumes by itself; after every gap the missing part is read by sequence, and what comes twice is shown
 * once. When it is not connected it says so.
 *
 * Invariant: `items` holds each sequence once, newest first.
 */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { asProblem, incidents, type Problem, type TimelineItem } from '@/api'

export type Link = 'connecting' | 'live' | 'lost' | 'offline'

export interface Live {
  items: ShallowRef<TimelineItem[] | null>
  link: Ref<Link>
  problem: ShallowRef<Problem | null>
  read: () => Promise<void>
}

const PAGE = 200
/** A terminal tried thousands of times is followed from its beginning up to here; the ledger has the rest. */
const MOST = 2_000
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 30_000]

export function useLive(id: string, onNews: (item: TimelineItem) => void): Live {
  const items = shallowRef<TimelineItem[] | null>(null)
  const link = ref<Link>('connecting')
  const problem = shallowRef<Problem | null>(null)
  let source: EventSource | null = null
  let failures = 0
  let reopening: ReturnType<typeof setTimeout> | undefined
  let ended = false

  const last = () => items.value?.[0]?.sequence ?? 0

  function add(news: TimelineItem[]) {
    const known = new Set((items.value ?? []).map((item) => item.sequence))
    const added = news.filter((item) => !known.has(item.sequence) && known.add(item.sequence))
    if (items.value && !added.length) return
    items.value = [...added, ...(items.value ?? [])].sort((a, b) => b.sequence - a.sequence).slice(0, MOST)
  }

  async function read() {
    try {
      let page: TimelineItem[]
      let after = last()
      do {
        page = (await incidents.timeline(id, after, PAGE)).items
        add(page)
        after = Math.max(after, ...page.map((item) => item.sequence))
      } while (!ended && page.length === PAGE && (items.value?.length ?? 0) < MOST)
      problem.value = null
    } catch (thrown) {
      problem.value = asProblem(thrown)
    }
  }

  function open() {
    clearTimeout(reopening)
    source?.close()
    if (ended) return
    if (link.value !== 'connecting') link.value = navigator.onLine ? 'lost' : 'offline'
    source = new EventSource(incidents.events(id))
    source.addEventListener('open', () => {
      failures = 0
      link.value = 'live'
      void read()
    })
    source.addEventListener('timeline', (event) => {
      const item = JSON.parse((event as MessageEvent<string>).data) as TimelineItem
      const fresh = item.sequence > last()
      add([item])
      if (fresh) onNews(item)
    })
    source.addEventListener('error', () => {
      link.value = navigator.onLine ? 'lost' : 'offline'
      // A refused stream is closed for good by the browser; a broken one it reopens itself.
      if (source?.readyState !== EventSource.CLOSED) return
      clearTimeout(reopening)
      reopening = setTimeout(open, PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)])
    })
  }

  const online = () => open()
  const offline = () => (link.value = 'offline')
  // A phone that slept keeps a stream that looks open and is dead.
  const awake = () => {
    if (document.hidden) return
    if (source?.readyState !== EventSource.OPEN) open()
    else void read()
  }
  window.addEventListener('online', online)
  window.addEventListener('offline', offline)
  document.addEventListener('visibilitychange', awake)
  onScopeDispose(() => {
    ended = true
    clearTimeout(reopening)
    source?.close()
    window.removeEventListener('online', online)
    window.removeEventListener('offline', offline)
    document.removeEventListener('visibilitychange', awake)
  })

  void read().then(open)
  return { items, link, problem, read }
}
