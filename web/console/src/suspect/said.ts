/** A payment in words: when, how much, what, and by which card. */
import type { TimeCertainty, Mark, SuspectSums, Suspect, SuspectKind } from '@/api'
import { money, signed } from '@/format/money'
import { day, dayClock } from '@/format/time'
import type { Zone } from '@/format/zone'
import { t } from '@/i18n'
import { shortCard } from '@/incident/words'

/** No more exactly than it is known. */
export function whenSaid({ at, certainty }: { at: string; certainty: TimeCertainty }, zone: Zone): string {
  const words = t.value.suspect
  switch (certainty) {
    case 'second':
      return dayClock(at, zone, true)
    case 'minute':
      return dayClock(at, zone)
    case 'hour':
      return words.in_hour(dayClock(at, zone))
    case 'day':
      return words.on_day(day(at, zone))
  }
}

/** What leaves the shop has a minus. */
export const amountSaid = (item: { kind: SuspectKind; amount: Suspect['amount'] }): string =>
  signed(item.amount, item.kind === 'refund' || item.kind === 'void')

export function kindSaid({ kind, state, is_undone }: Pick<Suspect, 'kind' | 'state' | 'is_undone'>): string {
  const words = t.value.suspect
  const more = [
    ...(state === 'approved' ? [] : [words.state[state]]),
    ...(is_undone ? [words.undone_later] : []),
  ]
  return [words.kind[kind], ...more].join(' · ')
}

/** The card or who paid; else how. */
export function paidWith({ card, payer, method }: Pick<Suspect, 'card' | 'payer' | 'method'>): string {
  const words = t.value.suspect
  const said = [card && words.card(shortCard(card)), payer && words.payer(payer)].filter(Boolean)
  return said.length ? said.join(' · ') : method ? t.value.statement.method[method] : ''
}

/** How the card was read, and by which way it was paid. */
export const howSaid = ({
  entry,
  method,
  card,
  payer,
}: Pick<Suspect, 'entry' | 'method' | 'card' | 'payer'>) =>
  [
    (card || payer) && method ? t.value.statement.method[method] : '',
    entry ? t.value.suspect.entry[entry] : '',
  ]
    .filter(Boolean)
    .join(' · ')

export const LOOK: Record<Mark | 'none', string> = {
  fraudulent: 'lost',
  unsure: 'held',
  genuine: 'running',
  none: 'waiting',
}

/** Sales and refunds, side by side and never set off against each other. */
export function riskSaid(risk: SuspectSums, currency: string): string {
  const words = t.value.statement
  return [
    ...(risk.sale_count ? [words.sales(risk.sale_count, money({ minor: risk.sale_minor, currency }))] : []),
    ...(risk.refund_count
      ? [words.refunds(risk.refund_count, money({ minor: risk.refund_minor, currency }))]
      : []),
  ].join(' · ')
}
