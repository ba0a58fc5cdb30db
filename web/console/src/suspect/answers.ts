/**
 * What a reader says of payments, on its way to the server: shown at once, sent one after another, kept in this browser
 * until the server has it.
 *
 * Invariant: an act carries one idempotency key for its whole life, so that it is done once however often it is sent;
 * acts arrive in the order they were done; one that the server refuses is shown no longer.
 */
import {
  computed,
  onScopeDispose,
  reactive,
  ref,
  shallowRef,
  type ComputedRef,
  type Ref,
  type ShallowRef,
} from 'vue'
import {
  asProblem,
  newKey,
  suspects,
  type Mark,
  type Marked,
  type MarkIn,
  type Opinion,
  type Problem,
  type Suspect,
} from '@/api'
import { recall, remember } from '@/remembered'

/** The server takes as many at once. */
export const MARKED_MAX = 200
/** Unsent acts kept over a visit; more than anybody does without a network. */
const KEPT_MAX = 200

interface Said {
  key: string
  items: string[]
  mark: Mark | null
  ground: string | null
  /** It may have arrived. */
  tried: boolean
}

interface Step {
  keys: string[]
  before: { id: string; mark: Mark | null }[]
}

type Sees = Pick<Suspect, 'id' | 'mark' | 'opinions'>

export interface Answers {
  /** How many answers wait since sending failed. */
  unsent: ComputedRef<number>
  sending: Ref<boolean>
  problem: ShallowRef<Problem | null>
  /** How the server counted them last. */
  told: ShallowRef<Omit<Marked, 'items'> | null>
  /** Whether the unsent could be written down. */
  kept: Ref<boolean>
  canUndo: ComputedRef<boolean>
  markOf: (item: Sees) => Mark | null
  opinionsOf: (item: Sees) => Opinion[]
  say: (items: Sees[], mark: Mark | null, ground?: string | null) => void
  /** Takes the last act back; answers whose it was. */
  undo: () => string[]
  send: () => Promise<void>
  /** A list that was read anew knows better than earlier answers. */
  forget: () => void
}

export function useAnswers(
  incident_id: string,
  me: { login: string; isMine: (opinion: Opinion) => boolean },
  post: (key: string, said: MarkIn) => Promise<Marked> = suspects.mark,
): Answers {
  const place = `marks.${me.login}.${incident_id}`
  const outbox = reactive<Said[]>(read(place))
  const known = reactive(new Map<string, Marked['items'][number]>())
  const past = reactive<Step[]>([])
  const sending = ref(false)
  const failed = ref(false)
  const kept = ref(true)
  const problem = shallowRef<Problem | null>(null)
  const told = shallowRef<Omit<Marked, 'items'> | null>(null)

  const opinionsOf = (item: Sees) => known.get(item.id)?.opinions ?? item.opinions
  const waiting = (id: string) => [...outbox].reverse().find((one) => one.items.includes(id))
  function markOf(item: Sees): Mark | null {
    const last = waiting(item.id)
    if (last) return last.mark
    return (known.get(item.id) ?? item).mark
  }
  /** What the reader itself had said, which an undo says again. */
  function ownMark(item: Sees): Mark | null {
    const last = waiting(item.id)
    return last ? last.mark : (opinionsOf(item).find(me.isMine)?.mark ?? null)
  }

  function keep() {
    const text = outbox.length ? JSON.stringify(outbox.slice(0, KEPT_MAX)) : null
    kept.value = remember(place, text)
  }
  /** In as many parts as the server needs. */
  function put(items: string[], mark: Mark | null, ground: string | null): string[] {
    const keys: string[] = []
    for (let from = 0; from < items.length; from += MARKED_MAX) {
      const key = newKey()
      outbox.push({ key, items: items.slice(from, from + MARKED_MAX), mark, ground, tried: false })
      keys.push(key)
    }
    return keys
  }

  function say(items: Sees[], mark: Mark | null, ground: string | null = null) {
    if (!items.length) return
    const before = items.map((item) => ({ id: item.id, mark: ownMark(item) }))
    const ids = items.map(({ id }) => id)
    past.push({ before, keys: put(ids, mark, ground) })
    keep()
    void send()
  }

  function undo(): string[] {
    const step = past.pop()
    if (!step) return []
    const mine = outbox.filter((one) => step.keys.includes(one.key))
    // What never went out is just taken off; anything else is answered anew.
    if (mine.length === step.keys.length && mine.every((one) => !one.tried))
      for (const one of mine) outbox.splice(outbox.indexOf(one), 1)
    else
      for (const mark of new Set(step.before.map((one) => one.mark)))
        put(
          step.before.filter((one) => one.mark === mark).map(({ id }) => id),
          mark,
          null,
        )
    keep()
    if (outbox.length) void send()
    else failed.value = false
    return step.before.map(({ id }) => id)
  }

  async function send(): Promise<void> {
    if (sending.value) return
    sending.value = true
    try {
      while (outbox.length && (await sendFirst()));
    } finally {
      sending.value = false
      keep()
    }
  }

  /** What the server refused has nothing to be taken back. */
  function forgo({ key, items }: Said) {
    const place = past.findIndex(({ keys }) => keys.includes(key))
    const step = past[place]
    if (!step) return
    step.keys = step.keys.filter((other) => other !== key)
    step.before = step.before.filter(({ id }) => !items.includes(id))
    if (!step.keys.length) past.splice(place, 1)
  }

  /** Answers whether the next one may go out. */
  async function sendFirst(): Promise<boolean> {
    const one = outbox[0]!
    const wasTried = one.tried
    one.tried = true
    try {
      const { items, mark, ground } = one
      const answer = await post(one.key, { incident_id, items: [...items], mark, ground })
      for (const item of answer.items) known.set(item.id, item)
      told.value = answer
      problem.value = null
      failed.value = false
      outbox.shift()
      return true
    } catch (thrown) {
      problem.value = asProblem(thrown)
      const { passing, status, code } = problem.value
      if (code === 'offline') one.tried = wasTried
      failed.value = passing || status === 401
      if (failed.value) return false
      outbox.shift()
      forgo(one)
      return true
    }
  }

  const online = () => void send()
  globalThis.addEventListener?.('online', online)
  onScopeDispose(() => globalThis.removeEventListener?.('online', online))
  if (outbox.length) void send()

  return {
    unsent: computed(() => (failed.value ? outbox.reduce((sum, one) => sum + one.items.length, 0) : 0)),
    sending,
    problem,
    told,
    kept,
    canUndo: computed(() => past.length > 0),
    markOf,
    opinionsOf,
    say,
    undo,
    send,
    forget: () => known.clear(),
  }
}

function read(place: string): Said[] {
  try {
    const saved = JSON.parse(recall(place) ?? '[]') as Said[]
    return saved.slice(0, KEPT_MAX).map((one) => ({ ...one, tried: true }))
  } catch {
    return []
  }
}
