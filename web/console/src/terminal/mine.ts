/**
 * The terminals and shops of a shop's people, kept while they move between pages and between visits, so that the loss
 * report opens at once and even without a network.
 *
 * Invariant: what is shown belongs to the account signed in, with the time it was read; signing out empties it.
 */
import { computed, ref, shallowRef, watch } from 'vue'
import {
  asProblem,
  incidents,
  shops,
  terminals,
  type IncidentSummary,
  type Problem,
  type Shop,
  type TerminalPage,
  type TerminalSummary,
} from '@/api'
import { now, now_ms } from '@/clock'
import { recall, remember } from '@/remembered'
import { account } from '@/session'

/** A merchant with more than this searches instead of scrolling. */
const MOST = 1000
/** Terminals kept for a visit without a network. */
const MOST_KEPT = 300
/** Older than this, what is shown may have changed since. */
const CURRENT_MS = 90_000

/** What a shop's people look at, and when it was so. */
interface Estate {
  login: string
  read_ms: number
  shops: Shop[]
  terminals: TerminalSummary[]
  incidents: IncidentSummary[]
}

const estate = shallowRef<Estate | null>(null)

export const myTerminals = computed(() => estate.value?.terminals ?? null)
export const myShops = computed(() => estate.value?.shops ?? null)
export const myIncidents = computed(() => estate.value?.incidents ?? [])
/** When the server said what is shown, by its clock; 0 when it has said nothing yet. */
export const read_ms = computed(() => estate.value?.read_ms ?? 0)
export const isOld = computed(() => estate.value !== null && now_ms.value - estate.value.read_ms > CURRENT_MS)
export const myProblem = shallowRef<Problem | null>(null)
export const reading = ref(false)

watch(
  account,
  (here, before) => {
    // Who is here is not known yet: what was kept may be theirs.
    if (!here && before === undefined) return
    const kept = here && read()
    estate.value = kept && kept.login === here.login ? kept : null
    myProblem.value = null
    if (!estate.value) remember('estate', null)
  },
  { immediate: true, flush: 'sync' },
)

export async function readMine(): Promise<void> {
  const asker = account.value?.login
  if (reading.value || !asker) return
  reading.value = true
  try {
    const [shopList, terminalList, open, proposed] = await Promise.all([
      shops(),
      allTerminals(),
      incidents.list({ state: 'open', limit: 50 }),
      incidents.list({ state: 'found_proposed', limit: 50 }),
    ])
    if (asker !== account.value?.login) return
    keep({
      login: asker,
      read_ms: now(),
      shops: shopList.items,
      terminals: terminalList,
      incidents: [...open.items, ...proposed.items],
    })
    myProblem.value = null
  } catch (thrown) {
    if (asker === account.value?.login) myProblem.value = asProblem(thrown)
  } finally {
    reading.value = false
  }
}

async function allTerminals(): Promise<TerminalSummary[]> {
  const found: TerminalSummary[] = []
  let cursor: string | null = null
  do {
    const page: TerminalPage = await terminals.list({ limit: 200, cursor })
    found.push(...page.items)
    cursor = page.next_cursor
  } while (cursor && found.length < MOST)
  return found
}

function keep(fresh: Estate): void {
  estate.value = fresh
  remember('estate', JSON.stringify({ ...fresh, terminals: fresh.terminals.slice(0, MOST_KEPT) }))
}

function read(): Estate | null {
  try {
    const kept = JSON.parse(recall('estate') ?? 'null') as Estate | null
    return kept && Array.isArray(kept.terminals) && Array.isArray(kept.shops) ? kept : null
  } catch {
    return null
  }
}
