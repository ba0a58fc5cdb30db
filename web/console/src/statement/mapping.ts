/**
 * How a file is read whose layout is not public: columns by their headings, and what the words below some of them mean.
 *
 * Invariant: a mapping that is sent names no column that the file has not, and no word of another column.
 */
import type { StatementOutline } from '@/api'
import type { Mapping, MappingColumn, MappingWords } from '@/api/statements'

type Column = StatementOutline['columns'][number]

/** Columns whose words have a meaning, and where it is said. */
export const WORDED = { type: 'types', state: 'states', method: 'methods' } as const
export type Worded = keyof typeof WORDED
export const isWorded = (field: MappingColumn): field is Worded => field in WORDED

/** What must be there, what makes it of use, and what else there may be. */
export const NEEDED: MappingColumn[] = ['at', 'amount']
export const USEFUL: MappingColumn[] = ['type', 'state', 'terminal', 'id']
export const OTHERS: MappingColumn[] = ['day', 'method', 'order_id', 'card', 'payer', 'operator']

/** What a word may mean. */
export const MEANINGS: { [Field in Worded]: NonNullable<Mapping[(typeof WORDED)[Field]]>[string][] } = {
  type: ['sale', 'refund', 'reversal', 'none'],
  state: ['done', 'pending', 'failed'],
  method: ['wechat', 'alipay', 'unionpay_qr', 'card', 'cash', 'other'],
}

/** A heading as it is compared: as the server does. */
const plain = (name: string) =>
  name.replaceAll('（', '(').replaceAll('）', ')').replace(/\s+/g, ' ').trim().toLowerCase()
export const columnOf = (outline: StatementOutline, name: string | undefined) =>
  name ? outline.columns.find((column) => plain(column.name) === plain(name)) : undefined

/** Another column: what its words mean nobody has said yet. */
export function choose(mapping: Mapping, field: MappingColumn, name: string): Mapping {
  const isNeeded = NEEDED.includes(field)
  const columns = { ...mapping.columns, [field]: name || (isNeeded ? '' : undefined) }
  const words = isWorded(field) ? { [WORDED[field]]: {} } : {}
  return { ...mapping, columns, ...words }
}

/** What a word means; none: nobody knows. */
export function mean(mapping: Mapping, field: Worded, word: string, meaning: string): Mapping {
  const words: Record<string, string> = { ...mapping[WORDED[field]] }
  if (meaning) words[word] = meaning
  else delete words[word]
  return { ...mapping, [WORDED[field]]: words as MappingWords }
}

/** Words below the column of a field that nobody has said the meaning of. */
export function unsaid(mapping: Mapping, column: Column | undefined, field: Worded): string[] {
  return (column?.words ?? []).filter((word) => !mapping[WORDED[field]]?.[word])
}

/** What keeps it from being used. */
export function missing(mapping: Mapping): 'name' | 'at' | 'amount' | 'same' | null {
  if (!mapping.name.trim()) return 'name'
  if (!mapping.columns.at) return 'at'
  if (!mapping.columns.amount) return 'amount'
  return mapping.columns.at === mapping.columns.amount ? 'same' : null
}
