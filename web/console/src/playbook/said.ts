/** What is said of playbooks and their duties, in the reader's language. */
import type { PlaybookDuty, PlaybookWarning, PlaybookWrong } from '@/api'
import { locale, t } from '@/i18n'

/** `stolen 4` as people say it. */
export function nameOf(pinned: string): string {
  const [name = '', version = ''] = pinned.split(' ')
  return t.value.playbook.named(t.value.playbook.name[name] ?? name, Number(version))
}

export const titleOf = (duty: Pick<PlaybookDuty, 'zh' | 'en'>): string =>
  (locale.value === 'en' ? duty.en : duty.zh).trim() || t.value.playbook.untitled

/** `zh` and `en` among words are languages: the two titles have other names there. */
const TITLES: Record<string, string> = { zh: 'title_zh', en: 'title_en' }
export const fieldOf = (field: string): string => t.value.playbook.field[TITLES[field] ?? field] ?? field

/** A term as people say it. */
export function termOf(within: string): string {
  if (within === 'at once') return t.value.duty.at_once
  const [, count, unit] = /^(\d+) (hour|day|working day)s?$/.exec(within) ?? []
  const { hours, days, working_days } = t.value.playbook.term
  const said = { 'hour': hours, 'day': days, 'working day': working_days }[unit ?? '']
  return said ? said(Number(count)) : within
}

/** A value of a field, where its words are known. */
export function valueOf(field: string, value: string): string {
  if (!value) return t.value.playbook.nothing
  if (field === 'within') return termOf(value)
  if (field === 'from') return t.value.duty.from[value as keyof typeof t.value.duty.from] ?? value
  const words = t.value.playbook.word[field]
  return words
    ? value
        .split(', ')
        .map((one) => words[one] ?? one)
        .join(', ')
    : value
}

/** What is wrong, without its line. */
export function wrongSaid(one: PlaybookWrong): string {
  const where = [one.duty, one.field && fieldOf(one.field)].filter(Boolean).join(' · ')
  const said = [t.value.playbook.wrong[one.code], one.detail].filter(Boolean).join(' ')
  return where ? `${where}: ${said}` : said
}

export function warningSaid(one: PlaybookWarning): string {
  const { warning_missing, warning_weaker } = t.value.playbook
  return one.field ? warning_weaker(one.duty, fieldOf(one.field)) : warning_missing(one.duty)
}
