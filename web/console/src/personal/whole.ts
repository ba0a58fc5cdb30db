/** Everything that is kept about a person as one file: the server hands the events over page by page. */
import type { PersonExport } from '@/api'
import { now } from '@/clock'
import { save } from '@/list/csv'

/** Pages in one file, of 1,000 events each; who needs more asks the API. */
const PAGES_MAX = 100

export async function whole(ask: (cursor: string | null) => Promise<PersonExport>): Promise<PersonExport> {
  const all = await ask(null)
  for (let pages = 1; all.next_cursor && pages < PAGES_MAX; pages++) {
    const next = await ask(all.next_cursor)
    all.events.push(...next.events)
    all.next_cursor = next.next_cursor
  }
  return all
}

/** Gives the reader the file. */
export function keep(all: PersonExport): void {
  const day = new Date(now()).toISOString().slice(0, 10)
  const file = new Blob([JSON.stringify(all, null, 2)], { type: 'application/json' })
  save(`tillguard-${all.account.login}-${day}.json`, file)
}
