import { describe, expect, it, vi } from 'vitest'
import { readSorting, sorted, turned, type Column } from './column'
import { csv, readAll } from './csv'

interface Row {
  name: string
  minor: number
}
const columns: Column<Row>[] = [
  { key: 'name', label: '名称', text: (row) => row.name, by: (row) => row.name },
  { key: 'minor', label: 'Amount, minor', text: (row) => String(row.minor), by: (row) => row.minor },
]
const rows = [
  { name: 'b', minor: 20 },
  { name: 'a', minor: 100 },
]

describe('a list as a file', () => {
  it('is read by spreadsheets and runs nothing in them', () => {
    const text = csv(columns, [{ name: '=HYPERLINK("x")', minor: -1 }])
    expect(text).toBe('\ufeff名称,"Amount, minor"\r\n"\'=HYPERLINK(""x"")",\'-1\r\n')
  })

  it('is whole, or given up', async () => {
    const ask = vi.fn((cursor: string | null) =>
      Promise.resolve({
        items: rows,
        next_cursor: cursor === 'c2' ? null : cursor === 'c1' ? 'c2' : 'c1',
        actions: [],
      }),
    )
    expect((await readAll(ask, () => true))?.rows).toHaveLength(6)
    expect(await readAll(ask, (count) => count < 4)).toBeNull()
  })
})

describe('an order in the address', () => {
  it('turns with each press: up, down, and back', () => {
    expect(turned(null, 'minor')).toBe('minor')
    expect(turned(readSorting('minor'), 'minor')).toBe('-minor')
    expect(turned(readSorting('-minor'), 'minor')).toBeUndefined()
  })

  it('puts numbers in the order of numbers and leaves an unknown column alone', () => {
    expect(sorted(rows, columns, readSorting('minor')).map((row) => row.minor)).toEqual([20, 100])
    expect(sorted(rows, columns, readSorting('-name')).map((row) => row.name)).toEqual(['b', 'a'])
    expect(sorted(rows, columns, readSorting('gone'))).toBe(rows)
  })
})
