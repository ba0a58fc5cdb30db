/** Everything that is kept about a person as one file: the server hands the events over page by page. */
import type { PersonExport } from '@/api'
import { now } from '@/clock'
import { date } from '@/format/time'
import { ownZone } from '@/format/zone'
import { save } from '@/list/csv'

const PAGES_MAX = 100
/** Events in one file; who needs more asks the API. */
export const ROWS_MAX = PAGES_MAX * 1_000

export async function whole(ask: (cursor: string | null) => Promise<PersonExport>): Promise<PersonExport> {
  const all = await ask(null)
  for (let pages = 1; all.next_cursor && pages < PAGES_MAX; pages++) {
    const next = await ask(all.next_cursor)
    all.events.push(...next.events)
    all.next_cursor = next.next_cursor
  }
  return all
}

/** Gives the reader the file, called by the reader's own day. */
export function keep(all: PersonExport): void {
  const file = new Blob([JSON.stringify(all, null, 2)], { type: 'application/json' })
  save(`tillguard-${all.account.login}-${date(now(), ownZone)}.json`, file)
}
