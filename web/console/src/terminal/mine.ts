/**
 * The terminals and shops of a shop's people, kept while they move between pages, so that the loss report opens at
 * once and even without a network.
 *
 * Invariant: what is shown belongs to the account signed in; signing out empties it.
 */
import { ref, shallowRef, watch } from 'vue'
import { asProblem, incidents, shops, terminals, type IncidentSummary, type Problem, type Shop, type TerminalPage, type TerminalSummary } from '@/api'
import { account } from '@/session'

/** A merchant with more than this searches instead of scrolling. */
const MOST = 1000

export const myTerminals = shallowRef<TerminalSummary[] | null>(null)
export const myShops = shallowRef<Shop[] | null>(null)
export const myIncidents = shallowRef<IncidentSummary[]>([])
export const myProblem = shallowRef<Problem | null>(null)
export const reading = ref(false)

watch(account, () => {
  myTerminals.value = null
  myShops.value = null
  myIncidents.value = []
  myProblem.value = null
})

export async function readMine(): Promise<void> {
  if (reading.value) return
  reading.value = true
  const asker = account.value?.login
  try {
    const [shopList, terminalList, open, proposed] = await Promise.all([
      shops(),
      allTerminals(),
      incidents.list({ state: 'open', limit: 50 }),
      incidents.list({ state: 'found_proposed', limit: 50 }),
    ])
    if (asker !== account.value?.login) return
    myShops.value = shopList.items
    myTerminals.value = terminalList
    myIncidents.value = [...open.items, ...proposed.items]
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
