/**
 * Loss reports on their way: kept in this browser until the server has answered (R1.0, R1.2).
 *
 * A report is written down before it is first sent and carries one idempotency key for its whole life, so a slow
 * network, a closed page or a second try never makes two of it. It is sent again by itself with growing pauses, when
 * the network returns, and when the reader asks.
 *
 * Invariant: a report counts as stopped only by the server's own answer, and as not sent only when nothing can have
 * gone out; in between nobody knows, and the page says so.
 */
import { computed, reactive, ref, watch } from 'vue'
import { asProblem, incidents, newKey, type LossReport, type LossReported } from '@/api'
import { now } from '@/clock'
import { told } from '@/format/time'
import { recall, remember } from '@/remembered'
import { account, lastLogin } from '@/session'

export interface Pending {
  key: string
  login: string
  terminal_name: string
  shop_name: string
  body: LossReport
  created_at: string
  attempts: number
  sending: boolean
  /** Sent without hearing the outcome: it may have arrived. True until an answer says more. */
  unclear: boolean
  /** The last try met no network at all: it cannot have arrived. */
  offline: boolean
  /** The server's answer that it will not accept it, in the reader's words. */
  refusal: { detail: string; reference: string | null } | null
  needs_sign_in: boolean
  reported: LossReported | null
}

const MOST = 20
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000]

const all = reactive<Pending[]>(read())
const timers = new Map<string, ReturnType<typeof setTimeout>>()

/** Whether this browser could write the reports down; if not, the page must stay open. */
export const kept = ref(true)

/** Of the person who is, or was last, signed in here; another's report is neither shown nor sent. */
export const outbox = computed(() =>
  all.filter((one) => one.login === (account.value?.login ?? lastLogin.value)),
)

export const pendingFor = (terminal_id: string) =>
  outbox.value.find((one) => one.body.terminal_id === terminal_id)

/** Writes the report down and sends it. The same terminal twice is the same report. */
export function submit(body: LossReport, names: { terminal: string; shop: string }): Pending {
  const login = account.value?.login ?? ''
  const earlier = all.findIndex((one) => one.login === login && one.body.terminal_id === body.terminal_id)
  if (earlier >= 0 && !all[earlier]!.refusal && !all[earlier]!.reported) return all[earlier]!
  if (earlier >= 0) all.splice(earlier, 1)
  all.unshift({
    key: newKey(),
    login,
    terminal_name: names.terminal,
    shop_name: names.shop,
    body,
    created_at: told(now()),
    attempts: 0,
    sending: false,
    unclear: false,
    offline: false,
    refusal: null,
    needs_sign_in: false,
    reported: null,
  })
  all.splice(MOST)
  const fresh = all[0]!
  keep()
  void send(fresh)
  return fresh
}

export type Stage = 'sending' | 'offline' | 'unsent' | 'unclear' | 'signed_out' | 'refused' | 'stopped'

/** What is known of a report: the one place that decides it. */
export function stageOf(one: Pending): Stage {
  if (one.reported) return 'stopped'
  if (one.refusal) return 'refused'
  if (one.needs_sign_in) return 'signed_out'
  if (one.unclear) return 'unclear'
  if (one.sending && one.attempts <= 1) return 'sending'
  return one.offline ? 'offline' : 'unsent'
}

export async function send(one: Pending): Promise<void> {
  if (one.sending || one.reported || one.refusal) return
  one.sending = true
  one.attempts += 1
  keep()
  try {
    one.reported = await incidents.report(one.body, one.key)
    one.unclear = false
    one.needs_sign_in = false
  } catch (thrown) {
    const problem = asProblem(thrown)
    one.needs_sign_in = problem.status === 401
    one.unclear ||= problem.maybeDone
    one.offline = problem.code === 'offline'
    if (!problem.passing && !one.needs_sign_in)
      one.refusal = { detail: problem.detail, reference: problem.reference }
  } finally {
    one.sending = false
    keep()
    plan(one)
  }
}

/** Takes a report off the list: the reader gave it up, or has seen its outcome. */
export function drop(one: Pending): void {
  const place = all.indexOf(one)
  if (place >= 0) all.splice(place, 1)
  keep()
}

/** Sends what an earlier visit left, and again whenever the network or the session returns. */
export function keepSending(): void {
  window.addEventListener('online', sendAll)
  // A phone that lay in a pocket sends at once when it is looked at.
  document.addEventListener('visibilitychange', () => document.hidden || sendAll())
  watch(account, sendAll, { immediate: true })
}

function sendAll(): void {
  for (const one of outbox.value) void send(one)
}

function plan(one: Pending): void {
  if (one.reported || one.refusal || one.needs_sign_in) return
  const pause_ms = PAUSES_MS[Math.min(one.attempts, PAUSES_MS.length) - 1]
  clearTimeout(timers.get(one.key))
  timers.set(
    one.key,
    setTimeout(() => outbox.value.includes(one) && void send(one), pause_ms),
  )
}

function keep(): void {
  const unsent = all.filter((one) => !one.reported)
  kept.value = remember('outbox', unsent.length ? JSON.stringify(unsent) : null)
}

function read(): Pending[] {
  try {
    const saved = JSON.parse(recall('outbox') ?? '[]') as Pending[]
    return saved
      .slice(0, MOST)
      .map((one) => ({ ...one, sending: false, unclear: one.unclear || one.sending }))
  } catch {
    return []
  }
}
