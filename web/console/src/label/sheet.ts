/**
 * Labels on sheets: A4, 3 by 8, 70 × 37 mm, as stationers sell them.
 *
 * Invariant: a label's code holds this console's address and the TID, and nothing a stranger may not know.
 */
export const LABELS_PER_SHEET = 24
/** What is drawn and printed at once. */
export const LABELS_MAX = 10 * LABELS_PER_SHEET

/** Where a label leads: the report page of that terminal, that asks to sign in first. */
export const addressOf = (origin: string, terminal_id: string) =>
  `${origin}/report/${encodeURIComponent(terminal_id)}`

/** Enough of a serial number to compare, not to copy. */
export const tailOf = (serial: string) => (serial.length > 6 ? `…${serial.slice(-6)}` : serial)

/** Only this computer finds such an address. */
export const isHereOnly = (hostname: string) =>
  /^(?:localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/.test(hostname)

/** The sheets, with `begun` places of the first left free. */
export function sheetsOf<One>(labels: One[], begun: number): (One | null)[][] {
  const places = [...Array<null>(labels.length ? begun : 0).fill(null), ...labels]
  const sheets: (One | null)[][] = []
  for (let from = 0; from < places.length; from += LABELS_PER_SHEET)
    sheets.push(places.slice(from, from + LABELS_PER_SHEET))
  return sheets
}
