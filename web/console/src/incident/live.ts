/**
 * The incident's timeline as it grows: its newest items read once, then followed on the event stream.
 *
 * The stream begins after what is known and resumes there after every gap, so each item comes once. When it is not
 * connected it says so.
 *
 * Invariant: `items` holds each sequence once, newest first, without a hole.
 */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { asProblem, incidents, type Problem, type TimelineItem } from '@/api'

export type Link = 'connecting' | 'live' | 'lost' | 'offline'

export interface Live {
  items: ShallowRef<TimelineItem[] | null>
  link: Ref<Link>
  problem: ShallowRef<Problem | null>
  /** Whether there are items before the oldest one shown. */
  hasOlder: Ref<boolean>
  busy: Ref<boolean>
  /** Reads the newest items, unless they are there, and follows. */
  follow: (last_sequence: number) => Promise<void>
  older: () => Promise<void>
}

/** Items read at the start, and with each step back. */
const FIRST = 30
const STEP = 200
/** A terminal tried thousands of times is followed up to here; the ledger has the rest. */
const MOST = 2_000
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 30_000]

export function useLive(id: string, onNews: (item: TimelineItem) => void): Live {
  const items = shallowRef<TimelineItem[] | null>(null)
  const link = ref<Link>('connecting')
  const problem = shallowRef<Problem | null>(null)
  const hasOlder = ref(false)
  const busy = ref(false)
  let source: EventSource | null = null
  let failures = 0
  let reopening: ReturnType<typeof setTimeout> | undefined
  let ended = false

  const last = () => items.value?.[0]?.sequence ?? 0
  const first = () => items.value?.at(-1)?.sequence ?? 1

  function add(news: TimelineItem[]) {
    const known = new Set((items.value ?? []).map((item) => item.sequence))
    const added = news.filter((item) => !known.has(item.sequence) && known.add(item.sequence))
    if (items.value && !added.length) return
    items.value = [...added, ...(items.value ?? [])].sort((a, b) => b.sequence - a.sequence).slice(0, MOST)
    hasOlder.value = first() > 1 && items.value.length < MOST
  }

  async function read(after: number, count: number): Promise<TimelineItem[]> {
    busy.value = true
    try {
      const { items: told } = await incidents.timeline(id, after, count)
      add(told)
      problem.value = null
      return told
    } catch (thrown) {
      problem.value = asProblem(thrown)
      return []
    } finally {
      busy.value = false
    }
  }

  async function follow(last_sequence: number) {
    if (!items.value) {
      const newest = await read(Math.max(0, last_sequence - FIRST), FIRST)
      // What happened since that answer is among them, and is told by no stream.
      newest.filter((item) => item.sequence > last_sequence).forEach(onNews)
    }
    if (items.value && !source) open()
  }

  async function older() {
    const after = Math.max(0, first() - 1 - STEP)
    await read(after, first() - 1 - after)
  }

  function open() {
    clearTimeout(reopening)
    source?.close()
    if (ended) return
    if (link.value !== 'connecting') link.value = navigator.onLine ? 'lost' : 'offline'
    source = new EventSource(incidents.events(id, last()))
    source.addEventListener('open', () => {
      failures = 0
      link.value = 'live'
    })
    source.addEventListener('timeline', (event) => {
      const item = JSON.parse((event as MessageEvent<string>).data) as TimelineItem
      const isNew = item.sequence > last()
      add([item])
      if (isNew) onNews(item)
    })
    source.addEventListener('error', () => {
      link.value = navigator.onLine ? 'lost' : 'offline'
      // A refused stream is closed for good by the browser; a broken one it reopens itself.
      if (source?.readyState !== EventSource.CLOSED) return
      clearTimeout(reopening)
      reopening = setTimeout(open, PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)])
    })
  }

  const online = () => items.value && open()
  const offline = () => (link.value = 'offline')
  // A phone that slept keeps a stream that looks open and is dead.
  const awake = () => !document.hidden && items.value && open()
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

  return { items, link, problem, hasOlder, busy, follow, older }
}
