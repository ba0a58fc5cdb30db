import { describe, expect, it } from 'vitest'
import type { StatementOutline } from '@/api'
import type { Mapping } from '@/api/statements'
import { choose, columnOf, mean, missing, unsaid } from './mapping'

const outline: StatementOutline = {
  header_row: 2,
  rows: [],
  columns: [
    { name: '何时', samples: [], words: null },
    { name: '多少（元）', samples: [], words: null },
    { name: '怎样', samples: ['收'], words: ['收', '退'] },
    { name: '如何', samples: ['好'], words: ['好'] },
  ],
}
const mapping: Mapping = {
  name: '某行',
  columns: { at: '何时', amount: '多少(元)', type: '怎样' },
  types: { 收: 'sale' },
}

describe('a mapping', () => {
  it('finds a column however its heading is written', () => {
    expect(columnOf(outline, '多少(元)')?.name).toBe('多少（元）')
    expect(columnOf(outline, undefined)).toBeUndefined()
  })
  it('says which words nobody knows', () => {
    const column = columnOf(outline, '怎样')
    expect(unsaid(mapping, column, 'type')).toEqual(['退'])
    expect(unsaid(mean(mapping, 'type', '退', 'refund'), column, 'type')).toEqual([])
    expect(unsaid(mean(mapping, 'type', '收', ''), column, 'type')).toEqual(['收', '退'])
    expect(unsaid(mapping, columnOf(outline, '多少'), 'type')).toEqual([])
  })
  it('forgets the words of a column that is not meant any more', () => {
    const other = choose(mapping, 'type', '如何')
    expect([other.columns.type, other.types]).toEqual(['如何', {}])
    const none = choose(mapping, 'type', '')
    expect(JSON.parse(JSON.stringify(none)).columns).toEqual({ at: '何时', amount: '多少(元)' })
    expect(choose(mapping, 'terminal', '如何').types).toEqual({ 收: 'sale' })
  })
  it('needs a name, a time and an amount', () => {
    expect(missing(mapping)).toBeNull()
    expect(missing({ ...mapping, name: ' ' })).toBe('name')
    expect(missing(choose(mapping, 'at', ''))).toBe('at')
    expect(missing(choose(mapping, 'amount', ''))).toBe('amount')
    expect(missing(choose(mapping, 'amount', '何时'))).toBe('same')
  })
})
