/**
 * The one door to the server: a fetch that speaks JSON, carries the reader's language, gives every POST an
 * idempotency key, ends after a fixed time, takes the time from every answer, and turns each failure into a `Problem`.
 *
 * It may touch fetch and the language choice; it knows no page.
 *
 * Invariant: a call either returns what the server answered with 2xx, or throws a `Problem`.
 */
import { hear } from '@/clock'
import { locale, t } from '@/i18n'
import { collect } from './collect'
import { newKey } from './key'
import type { ProblemBody } from './types'

const PATIENCE_MS = 15_000
/** A file takes longer on its way up. */
const FILE_PATIENCE_MS = 60_000
/** One that is made first may take so long to begin, and to go on. */
const MADE_PATIENCE_MS = 150_000

export class Problem extends Error {
  constructor(
    /** HTTP status; 0 when no answer came at all. */
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly reference: string | null = null,
    readonly field: string | null = null,
    readonly attemptsLeft: number | null = null,
  ) {
    super(detail)
  }

  /** Nobody answered, so nobody knows whether the request arrived. */
  get unanswered(): boolean {
    return this.status === 0
  }

  /** The request may have arrived and been done, whatever this page heard. */
  get maybeDone(): boolean {
    return (this.unanswered && this.code !== 'offline') || this.status === 408 || this.status >= 500
  }

  /** Asking again may go better; the request itself is not at fault. */
  get passing(): boolean {
    return this.unanswered || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

/** Any thrown thing as a `Problem`, so that pages show one kind of failure. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  if (thrown instanceof TypeError && /import|module/i.test(thrown.message))
    return new Problem(0, 'page_missing', t.value.problem.not_connected)
  console.error(thrown)
  return new Problem(0, 'console_fault', t.value.problem.fault)
}

let onSignedOut: () => void = () => {}

/** Says what to do when the server no longer knows the session. Called once, by the session. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act
}

let onStepUp: (() => Promise<boolean>) | null = null

/** Says how the reader proves anew who it is, when a call needs that; it answers whether it was done. Called once. */
export function whenStepUp(ask: () => Promise<boolean>): void {
  onStepUp = ask
}

/** After so long without a touch a page that asks by itself does not keep the session alive. */
const IDLE_MS = 5 * 60_000
let touched_ms = performance.now()
for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
  globalThis.addEventListener?.(kind, () => (touched_ms = performance.now()), {
    capture: true,
    passive: true,
  })

/** What the page says of itself: that it is ours, and whether anybody is there. */
const pageSays = () => (performance.now() - touched_ms < IDLE_MS ? '1' : 'idle')

export type Query = Record<string, string | number | null | undefined>

/** `path` under `/api/v1` with the filled parameters of `query`. */
export function address(path: string, query: Query = {}): string {
  const filled = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') filled.set(name, String(value))
  }
  const text = filled.toString()
  return `/api/v1${path}${text ? `?${text}` : ''}`
}

export function get<T>(path: string, query?: Query): Promise<T> {
  return call<T>('GET', address(path, query))
}

/** An answer that is a text. */
export function text(path: string, query?: Query): Promise<string> {
  return call('GET', address(path, query), undefined, undefined, (answer) => answer.text())
}

/** A file as it is. */
export function file(path: string, query?: Query): Promise<Blob> {
  return call('GET', address(path, query), undefined, undefined, (answer) => answer.blob())
}

/** A file that is made first and may be long; `progress` hears how many bytes have come, and of how many. */
export function made(
  path: string,
  query: Query,
  progress: (come: number, of: number) => void,
): Promise<Blob> {
  return call('GET', address(path, query), undefined, undefined, collect(progress), MADE_PATIENCE_MS)
}

/** Sends a file as it is. */
export function send<T>(path: string, query: Query, sent: Blob): Promise<T> {
  return call<T>('POST', address(path, query), sent)
}

/** Sends a form with a file, which is read before the answer comes. */
export function form<T>(path: string, sent: FormData): Promise<T> {
  return call<T>('POST', address(path), sent, undefined, undefined, MADE_PATIENCE_MS)
}

/** How a file is on its way. */
export interface OnItsWay {
  key: string
  /** Ends it. */
  signal: AbortSignal
  /** Hears how many bytes have gone. */
  progress: (sent: number) => void
}

/** Bytes that stand still for so long have no line any more. */
const STILL_MS = 30_000

/**
 * Sends a file that may take minutes, and says how far it is; a `fetch` would tell nothing of what has gone.
 * Whoever ends it gets a `Problem` with the code `cancelled`.
 */
export function upload<T>(path: string, query: Query, sent: Blob, way: OnItsWay): Promise<T> {
  return new Promise((done, failed) => {
    const url = address(path, query)
    const line = new XMLHttpRequest()
    const hadNetwork = navigator.onLine
    let still: ReturnType<typeof setTimeout> | undefined
    const moves = () => {
      clearTimeout(still)
      still = setTimeout(() => line.abort(), STILL_MS)
    }
    const end = () => line.abort()
    const over = (problem: Problem) => {
      clearTimeout(still)
      way.signal.removeEventListener('abort', end)
      failed(problem)
    }
    line.open('POST', url)
    line.setRequestHeader('Accept', 'application/json')
    line.setRequestHeader('Accept-Language', locale.value)
    line.setRequestHeader('Content-Type', 'application/octet-stream')
    line.setRequestHeader('X-Tillguard', pageSays())
    line.setRequestHeader('Idempotency-Key', way.key)
    line.upload.onprogress = (event) => (moves(), way.progress(event.loaded))
    // All of it is there; what the server does with it has the time that it has there.
    line.upload.onload = () => clearTimeout(still)
    line.onerror = () => over(silence(false, hadNetwork))
    line.onabort = () =>
      over(
        way.signal.aborted
          ? new Problem(0, 'cancelled', t.value.problem.cancelled)
          : silence(true, hadNetwork),
      )
    line.onload = () => {
      const answer = new Response(line.responseText, { status: line.status })
      if (line.status >= 200 && line.status < 300) {
        clearTimeout(still)
        way.signal.removeEventListener('abort', end)
        done(answer.json() as Promise<T>)
      } else void problemOf(answer, url).then(over)
    }
    way.signal.addEventListener('abort', end)
    moves()
    line.send(sent)
  })
}

export function post<T>(path: string, body: unknown = {}, key = newKey(), read?: Reading<T>): Promise<T> {
  return call<T>('POST', address(path), body, key, read)
}

export function put<T>(path: string, body: unknown, key: string = newKey()): Promise<T> {
  return call<T>('PUT', address(path), body, key)
}

export function remove(path: string): Promise<void> {
  return call<void>('DELETE', address(path))
}

/** Reads an answer; `moves` is told whenever some of it has come. */
type Reading<T> = (answer: Response, moves: () => void) => Promise<T>

/** Where it needs a proof of who asks, the reader is asked for one, and the same goes once more with the same key. */
async function call<T>(
  method: string,
  url: string,
  body?: unknown,
  key?: string,
  read: Reading<T> = (answer) => answer.json() as Promise<T>,
  patience_ms = body instanceof Blob ? FILE_PATIENCE_MS : PATIENCE_MS,
): Promise<T> {
  try {
    return await attempt(method, url, body, key, read, patience_ms)
  } catch (thrown) {
    const needsProof = thrown instanceof Problem && thrown.code === 'step_up_required'
    if (!needsProof || !onStepUp || !(await onStepUp())) throw thrown
    return attempt(method, url, body, key, read, patience_ms)
  }
}

async function attempt<T>(
  method: string,
  url: string,
  body: unknown,
  key: string | undefined,
  read: Reading<T>,
  patience_ms: number,
): Promise<T> {
  const headers: Record<string, string> = {
    'Accept': 'application/json',
    'Accept-Language': locale.value,
    'X-Tillguard': pageSays(),
  }
  const sent = body instanceof Blob || body instanceof FormData ? body : undefined
  // What parts the fields of a form from each other the browser says itself.
  if (body !== undefined && !(body instanceof FormData))
    headers['Content-Type'] = sent ? 'application/octet-stream' : 'application/json'
  if (key) headers['Idempotency-Key'] = key
  const patience = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const moves = () => {
    clearTimeout(timer)
    timer = setTimeout(() => patience.abort(), patience_ms)
  }
  moves()
  const sent_ms = Date.now()
  const hadNetwork = navigator.onLine
  try {
    const answer = await fetch(url, {
      method,
      headers,
      body: sent ?? (body === undefined ? undefined : JSON.stringify(body)),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: patience.signal,
    })
    hear(answer.headers.get('Date'), sent_ms, Date.now())
    if (!answer.ok) throw await problemOf(answer, url)
    return answer.status === 204 ? (undefined as T) : await read(answer, moves)
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown
    throw silence(patience.signal.aborted, hadNetwork)
  } finally {
    clearTimeout(timer)
  }
}

/** No answer: without a network before and after, nothing can have gone out; otherwise nobody knows. */
function silence(waited: boolean, hadNetwork: boolean): Problem {
  const code = !hadNetwork && !navigator.onLine ? 'offline' : waited ? 'no_answer' : 'not_connected'
  return new Problem(0, code, t.value.problem[code])
}

async function problemOf(answer: Response, url: string): Promise<Problem> {
  let told: Partial<ProblemBody> = {}
  try {
    told = (await answer.json()) as Partial<ProblemBody>
  } catch {
    // A proxy in between answers with its own page; the status is all there is.
  }
  if (answer.status === 401 && !url.endsWith('/session')) onSignedOut()
  return new Problem(
    answer.status,
    told.code ?? `http_${answer.status}`,
    told.detail ?? told.title ?? t.value.problem.status(answer.status),
    told.reference ?? null,
    told.field ?? null,
    told.attempts_left ?? null,
  )
}
