/**
 * A list as a file that spreadsheets open: RFC 4180, with the mark by which they know UTF-8.
 *
 * Invariant: no cell is ever a formula: what begins like one is given a quote in front.
 */
import type { Page } from '@/api'
import type { Column } from './column'

/** Rows in one file; who needs more narrows the list or asks the API. */
export const ROWS_MAX = 10_000

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe
}

export function csv<Row>(columns: Column<Row>[], rows: Row[]): string {
  const lines = [columns.map((one) => one.label), ...rows.map((row) => columns.map((one) => one.text(row)))]
  return `\ufeff${lines.map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`
}

/** Reads the whole list, page by page. `told` hears how many rows there are so far; false from it gives up. */
export async function readAll<Row>(
  ask: (cursor: string | null) => Promise<Page<Row>>,
  told: (rows: number) => boolean,
): Promise<{ rows: Row[]; cut: boolean } | null> {
  const rows: Row[] = []
  let cursor: string | null = null
  do {
    const page: Page<Row> = await ask(cursor)
    rows.push(...page.items)
    cursor = page.next_cursor
    if (!told(rows.length)) return null
  } while (cursor && rows.length < ROWS_MAX)
  return { rows: rows.slice(0, ROWS_MAX), cut: cursor !== null || rows.length > ROWS_MAX }
}

export const download = (name: string, text: string): void =>
  save(name, new Blob([text], { type: 'text/csv;charset=utf-8' }))

/** Gives the reader a file to keep. */
export function save(name: string, file: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
