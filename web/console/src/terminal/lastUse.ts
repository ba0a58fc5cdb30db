/** The last thing a terminal did, in one short line. */
import type { TerminalSummary } from '@/api'
import { FRESH_MS, at_ms, fresh, now_ms } from '@/format/time'
import { money } from '@/format/money'
import { t } from '@/i18n'

const join = (...words: (string | null | undefined | false)[]) => words.filter(Boolean).join(' · ')

/** For the acquirer's dense list: when, what, how much, and whether it was taken. */
export function lastUse({ last_transaction: last, time_zone }: TerminalSummary): string {
  if (!last) return ''
  const amount = last.amount ? ` ${money(last.amount)}` : ''
  return join(
    `${fresh(last.decided_at, time_zone)} ${t.value.transaction[last.kind]}${amount}`,
    last.decision !== 'approved' && t.value.decision[last.decision],
  )
}

/**
 * For the shop: the amount while it is fresh, afterwards who used it last. Of a terminal whose payments do not pass
 * here nothing is said: not seen is not unused.
 */
export function shopUse({ control, last_transaction: last, operator, time_zone }: TerminalSummary): string {
  if (!last) return control === 'outside' ? '' : t.value.home.not_used
  const what = last.kind === 'purchase' ? t.value.home.payment : t.value.transaction[last.kind]
  const refused = last.decision === 'declined' && t.value.decision.declined
  const isFresh = now_ms.value - at_ms(last.decided_at) < FRESH_MS
  if (isFresh && last.amount)
    return join(`${fresh(last.decided_at, time_zone)} ${money(last.amount)}`, refused)
  const who = last.operator ?? operator
  return join(`${fresh(last.decided_at, time_zone)} ${what}`, refused, who && t.value.operator(who))
}
