/** The columns of a list: what each shows, how it sorts, and what it writes into a file. */
export interface Column<Row> {
  key: string
  label: string
  /** What the cell says, for a file and for a cell without a slot of its own. */
  text: (row: Row) => string
  /** What rows are ordered by; without it the column does not sort. */
  by?: (row: Row) => string | number
  right?: boolean
  /** Always shown. */
  fixed?: boolean
}

/** `-due`: by the column `due`, the greatest first. */
export interface Sorting {
  key: string
  down: boolean
}

export function readSorting(text: unknown): Sorting | null {
  if (typeof text !== 'string' || !text) return null
  return text.startsWith('-') ? { key: text.slice(1), down: true } : { key: text, down: false }
}

/** The order that a press on a column's head leads to: up, down, and back to the list's own. */
export function turned(now: Sorting | null, key: string): string | undefined {
  if (now?.key !== key) return key
  return now.down ? undefined : `-${key}`
}

export function sorted<Row>(rows: Row[], columns: Column<Row>[], sorting: Sorting | null): Row[] {
  const by = columns.find((one) => one.key === sorting?.key)?.by
  if (!by || !sorting) return rows
  const sign = sorting.down ? -1 : 1
  return [...rows].sort((a, b) => {
    const [left, right] = [by(a), by(b)]
    return (
      sign *
      (typeof left === 'number' && typeof right === 'number'
        ? left - right
        : `${left}`.localeCompare(`${right}`))
    )
  })
}
