/**
 * The transactions around a loss in three lists, each asked for by itself: however often a stopped terminal tries, it
 * cannot push the loss window out of a list (R1.3).
 *
 * Invariant: a list that goes on says so; an empty one is empty at the server.
 */
import { transactions, type Incident, type Page, type Transaction } from '@/api'
import { at_ms, told } from '@/format/time'
import { usePaged, type Paged } from '@/loaded'

const HOUR_MS = 3_600_000
const BEFORE_MS = 2 * HOUR_MS
/** Read at once. */
const PAGE = 50
/** Printed at most; the sheet says when there is more. */
const PRINTED_PAGES = 20

export type Group = 'after' | 'window' | 'before'
export type Around = Record<Group, Paged<Page<Transaction>>> & {
  /** Reads what was not read yet. */
  read: () => Promise<void>
  /** Reads whole what goes on paper. */
  readForPaper: () => Promise<void>
}

/** Decided at or after, and before. */
interface Span {
  from: string
  to?: string
}

/**
 * The three spans: after the stop and before the terminal was let run again, the loss window, two hours before it. The
 * window's own limits belong to it as the server counts it: its start does not, the stop does.
 */
export function spans(incident: Incident, released_at: string | null): Record<Group, Span> {
  const next = (at: string) => told(at_ms(at) + 1)
  const { from } = incident.loss_window
  return {
    after: { from: next(incident.suspended_at), to: released_at ?? undefined },
    window: { from: next(from), to: next(incident.suspended_at) },
    before: { from: told(at_ms(from) - BEFORE_MS), to: next(from) },
  }
}

export function useAround(incident: () => Incident, released_at: () => string | null): Around {
  const group = (name: Group) =>
    usePaged((cursor) =>
      transactions({
        terminal_id: incident().terminal_id,
        ...spans(incident(), released_at())[name],
        limit: PAGE,
        cursor,
      }),
    )
  const groups = { after: group('after'), window: group('window'), before: group('before') }
  const first = (one: Paged<Page<Transaction>>) => (one.items.value ? Promise.resolve() : one.again())

  async function whole(one: Paged<Page<Transaction>>) {
    await first(one)
    for (let page = 1; page < PRINTED_PAGES && one.last.value?.next_cursor && !one.problem.value; page++)
      await one.more()
  }

  return {
    ...groups,
    read: async () => void (await Promise.all(Object.values(groups).map(first))),
    readForPaper: async () => void (await Promise.all([whole(groups.window), whole(groups.after)])),
  }
}
