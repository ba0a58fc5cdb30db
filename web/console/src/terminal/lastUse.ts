/** The last thing a terminal did, in one short line. */
import type { TerminalSummary } from '@/api'
import { fresh } from '@/format/time'
import { money } from '@/format/money'
import { t } from '@/i18n'

export function lastUse(terminal: TerminalSummary): string {
  const last = terminal.last_transaction
  if (!last) return t.value.home.not_used
  const what = [t.value.transaction[last.kind], last.amount && money(last.amount)].filter(Boolean).join(' ')
  const who = last.operator ?? terminal.operator
  return [`${fresh(last.decided_at)} ${what}`, last.decision === 'approved' ? '' : t.value.decision[last.decision], who && t.value.operator(who)]
    .filter(Boolean)
    .join(' · ')
}
