/**
 * How many payments have which mark, and their amounts.
 *
 * Invariant: amounts of two currencies are never added, and what was given back is never taken from what was taken.
 */
import type { Mark, Suspect } from '@/api'

export interface Tally {
  count: number
  amounts: { currency: string; sale_minor: number; refund_minor: number }[]
}

export function tally(items: Suspect[], mark: Mark, markOf: (item: Suspect) => Mark | null): Tally {
  const marked = items.filter((item) => markOf(item) === mark)
  return { count: marked.length, amounts: sums(marked) }
}

/** What was taken, and what was given back, of each currency. */
export function sums(items: Suspect[]): Tally['amounts'] {
  const amounts = new Map<string, Tally['amounts'][number]>()
  for (const { amount, kind, state } of items) {
    if (state !== 'approved' || (kind !== 'sale' && kind !== 'refund')) continue
    const { currency, minor } = amount
    const sum = amounts.get(currency) ?? { currency, sale_minor: 0, refund_minor: 0 }
    sum[kind === 'sale' ? 'sale_minor' : 'refund_minor'] += minor
    amounts.set(currency, sum)
  }
  return [...amounts.values()]
}
