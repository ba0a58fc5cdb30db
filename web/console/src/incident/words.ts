/** Sentences about attempts and transactions that several cards share. */
import type {
  Channel,
  DocumentKind,
  DutyMoment,
  FoundAs,
  HoldKind,
  IncidentEnded,
  LetterKind,
  SettlementHoldScope,
  PackFor,
  RecordedWay,
  Reminded,
  TimelineItem,
  Transaction,
} from '@/api'
import { money } from '@/format/money'
import { dateClock } from '@/format/time'
import type { Zone } from '@/format/zone'
import { t } from '@/i18n'
import { isUnproven } from './grow'

/** `消费 ¥2,000.00`; of a row that stands for many, `签到 40 次`. */
export function what(transaction: Transaction): string {
  const { repeated } = transaction
  const one = [t.value.transaction[transaction.kind], transaction.amount && money(transaction.amount)]
    .filter(Boolean)
    .join(' ')
  return repeated ? t.value.proof.times(one, repeated) : one
}

/** Card or way of paying: `6224•• 0113 · 插卡`. */
export function instrument(transaction: Transaction): string {
  const entry = transaction.entry_mode && t.value.entry[transaction.entry_mode]
  return [transaction.card && shortCard(transaction.card), entry].filter(Boolean).join(' · ')
}

/** `6224•• 0113`, of a number as it is kept. */
export const shortCard = (card: string) => card.replace(/^(\d{2,6}).*?(\d{4})$/, '$1•• $2')

/** Why it was refused, if the server said. */
export function why(transaction: Transaction): string {
  const held = transaction.reason?.match(/^held:(\w+)$/)?.[1]
  if (held && held in t.value.hold) return t.value.hold[held as HoldKind]
  if (transaction.decision === 'declined' && transaction.response_code)
    return t.value.terminal.response_code(transaction.response_code)
  return ''
}

/** An attempt in one line, and what became of it: `消费 ¥2,000.00`, `已拒绝`. */
export const attempt = (item: TimelineItem) => ({
  what: item.transaction ? what(item.transaction) : t.value.incident.timeline_kind[item.kind],
  outcome:
    item.kind === 'attempt_refused' ? t.value.incident.attempt_refused : t.value.incident.attempt_recorded,
})

/** The same as a sentence that says no more than is known of who sent it. */
export function attemptSaid(item: TimelineItem): string {
  const { what, outcome } = attempt(item)
  const words = isUnproven(item) ? t.value.proof.in_its_name : t.value.incident.attempt_said
  return words(what, outcome)
}

/** What a timeline item says after its kind; `dutyTitle` says how a duty is called, `zone` is the terminal's. */
export function about(item: TimelineItem, dutyTitle: (name: string) => string, zone: Zone): string {
  const words = t.value.incident
  if (item.transaction) {
    const { peer } = item.transaction
    return [what(item.transaction), instrument(item.transaction), peer && words.from_peer(peer)]
      .filter(Boolean)
      .join(' · ')
  }
  const duty = item.duty && dutyTitle(item.duty)
  return [duty, told(item, zone), item.by && words.by(item.by)].filter(Boolean).join(' · ')
}

/** Its text as it is meant: a word of a list, a moment by the terminal's clock, or somebody's own words. */
function told({ kind, text }: TimelineItem, zone: Zone): string | null {
  const words = t.value
  if (!text) return null
  switch (kind) {
    case 'reminded':
      return words.asked.reminded[text as Reminded]
    case 'document_made':
      // Its digest is for whoever compares; the record has it.
      return [
        text.startsWith('letter ')
          ? words.letter.numbered(text.split(' ')[1] ?? '')
          : words.incident.document[text.split(' ')[0] as DocumentKind],
        text.includes(' not_set:') && words.template.not_set,
      ]
        .filter(Boolean)
        .join(' · ')
    case 'pack_made':
      return words.pack.for[text.split(' ')[0] as PackFor] ?? null
    case 'file_added':
      // What it is, and its digest, stand with the files.
      return text.split('\n')[0] ?? null
    case 'letter_written': {
      const [number, kind] = text.split('\n')
      return [number, words.letter.kind[kind as LetterKind]].filter(Boolean).join(' · ')
    }
    case 'letter_changed':
    case 'letter_mailed':
    case 'letter_not_mailed':
    case 'letter_mail_unknown':
    case 'letter_handed_over':
    case 'letter_answered':
    case 'letter_withdrawn':
      return text.split('\n').join(' · ')
    case 'settlement_held': {
      const [id, scope, until] = text.split('\n')
      const holds = words.settlement_hold
      return [id, holds.scope[scope as SettlementHoldScope], until && holds.until(until)]
        .filter(Boolean)
        .join(' · ')
    }
    case 'recorded_proposed':
    case 'recorded_carried_out': {
      const [way, reference] = text.split('\n')
      const ways = words.recorded
      return [ways.way[way as RecordedWay], reference && ways.reference(reference)]
        .filter(Boolean)
        .join(' · ')
    }
    case 'duties_drawn_up':
      return null
    case 'found_proposed': {
      const [first = '', ...rest] = text.split('\n')
      const kind = words.found.kind_short[first as FoundAs]
      return kind ? [kind, ...rest].join(' · ') : text
    }
    case 'inspected': {
      const [outcome, ...failed] = text.split(' ')
      const { passed, failed: notPassed, item } = words.found.inspection
      const names = failed.map((name) => item[name] ?? name)
      return [outcome === 'passed' ? passed : notPassed, ...names].join(' · ')
    }
    case 'closed':
      return text in words.ended ? words.ended[text as IncidentEnded] : text
    case 'moment_said': {
      const [moment = '', at = ''] = text.split(' ')
      return `${words.duty.moment[moment as DutyMoment]} ${dateClock(at, zone)}`
    }
    case 'duty_extended': {
      const [until = '', ...ground] = text.split('\n')
      return [`${words.duty.until} ${dateClock(until, zone)}`, ...ground].join(' · ')
    }
    case 'replacement_refused':
    case 'replacement_warned': {
      const [serial = '', whys = ''] = text.split('\n')
      const said: Record<string, string> = { ...words.replacement.refusal, ...words.replacement.warning }
      return [serial, ...whys.split(' ').map((why) => said[why] ?? why)].filter(Boolean).join(' · ')
    }
    case 'old_keys_ended': {
      const [number = '', at = '', ...by] = text.split('\n')
      return [words.replacement.they_say, number, at && dateClock(at, zone), ...by]
        .filter(Boolean)
        .join(' · ')
    }
    default:
      return text in words.incident.channel ? words.incident.channel[text as Channel] : text
  }
}
