/** Amounts for people. Money travels as integers of minor units; this is the only place that divides. */
import type { Money } from '@/api/types'
import { locale } from '@/i18n'

export function money(amount: Money): string {
  // A currency that the server knows by number only: how many decimals it has, nobody here knows.
  if (!/^[A-Z]{3}$/.test(amount.currency)) return `${count(amount.minor)} [${amount.currency}]`
  const shown = new Intl.NumberFormat(locale.value, {
    style: 'currency',
    currency: amount.currency,
    currencyDisplay: 'narrowSymbol',
  })
  const decimals = shown.resolvedOptions().maximumFractionDigits ?? 2
  return shown.format(amount.minor / 10 ** decimals)
}

/** An amount that goes to the payer has a minus before it. */
export const signed = (amount: Money, goesBack: boolean) => `${goesBack ? '−' : ''}${money(amount)}`

/** Sums of several currencies, which nothing adds. */
export function sums(amounts: Money[]): string {
  return amounts.length ? amounts.map(money).join(' + ') : count(0)
}

export function count(value: number): string {
  return new Intl.NumberFormat(locale.value).format(value)
}
