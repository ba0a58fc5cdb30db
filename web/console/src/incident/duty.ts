/** A duty's title and clock in words, shared by the cards of the incident's page. */
import type { Duty, DutyAction } from '@/api'
import { at_ms, length, now_ms } from '@/format/time'
import { locale, t } from '@/i18n'

export const titleOf = (duty: Duty): string => (locale.value === 'en' ? duty.title_en : duty.title_zh)

export const isOpen = (duty: Duty): boolean => duty.state === 'open' || duty.state === 'not_needed_proposed'

export const isLate = (duty: Duty): boolean =>
  isOpen(duty) && duty.due_at !== null && at_ms(duty.due_at) < now_ms.value

/** Somebody has said that there is no need, and it is not for this reader to agree. */
export const waits = (duty: Duty): boolean =>
  duty.state === 'not_needed_proposed' && !duty.actions.includes('confirm_not_needed')

/** What the reader is asked first: to agree, where that is what it waits for. */
export const firstAction = (duty: Duty): DutyAction | undefined =>
  duty.actions.find((action) => action === 'confirm_not_needed') ?? duty.actions[0]

/** What is left of its time; nothing where it has no limit, or is over with. */
export function left(duty: Duty): string {
  const words = t.value.duty
  if (!isOpen(duty)) return ''
  if (duty.due_at) {
    const left_ms = at_ms(duty.due_at) - now_ms.value
    return left_ms < 0 ? words.late(length(-left_ms)) : words.left(length(left_ms))
  }
  if (duty.term && !duty.started_at) return words.waits
  return duty.term ? words.at_once : ''
}
