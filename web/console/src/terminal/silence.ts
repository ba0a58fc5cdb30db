/**
 * When a terminal counts as silent, and which one has been silent longest.
 *
 * Invariant: silence is counted up to the moment the server last spoke of the terminal, never up to a later one: what
 * happened since is not known.
 */
import type { TerminalSummary } from '@/api'
import { at_ms } from '@/format/time'

/** Terminals check in every few minutes; a quarter of an hour without a word is worth a look. */
const SILENT_AFTER_MS = 15 * 60_000

type Heard = Pick<TerminalSummary, 'last_seen_at'>

/** How long it had been silent at that moment; 0 while it was heard. */
export function silent_ms(terminal: Heard, asOf_ms: number): number {
  if (!terminal.last_seen_at) return Number.MAX_SAFE_INTEGER
  const age_ms = asOf_ms - at_ms(terminal.last_seen_at)
  return age_ms > SILENT_AFTER_MS ? age_ms : 0
}

/** Nothing stops it, and it was heard lately: the only terminals that are known to run. */
export const runs = (
  terminal: Heard & Pick<TerminalSummary, 'state'> & Partial<Pick<TerminalSummary, 'control'>>,
  asOf_ms: number,
): boolean =>
  terminal.state === 'running' && terminal.control !== 'outside' && silent_ms(terminal, asOf_ms) === 0

/** One that never spoke is still in its box; one stopped or retired is looked for by nobody. */
const rank = (one: TerminalSummary) =>
  ({ running: 0, held: 0, lost: 2, retired: 3 })[one.state] || (one.last_seen_at ? 0 : 1)

/** The longest-silent first. */
export function bySilence(a: TerminalSummary, b: TerminalSummary): number {
  return rank(a) - rank(b) || seen_ms(a) - seen_ms(b) || a.name.localeCompare(b.name)
}

const seen_ms = (terminal: TerminalSummary) => (terminal.last_seen_at ? at_ms(terminal.last_seen_at) : 0)
