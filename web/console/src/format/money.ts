/** Amounts for people. Money travels as integers of minor units; this is the only place that divides. */
import type { Money } from '@/api/types'
import { locale } from '@/i18n'

export function money(amount: Money): string {
  const shown = new Intl.NumberFormat(locale.value, {
    style: 'currency',
    currency: amount.currency,
    currencyDisplay: 'narrowSymbol',
  })
  const decimals = shown.resolvedOptions().maximumFractionDigits ?? 2
  return shown.format(amount.minor / 10 ** decimals)
}

export function count(value: number): string {
  return new Intl.NumberFormat(locale.value).format(value)
}
