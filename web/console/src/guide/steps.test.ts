import { expect, it } from 'vitest'
import type { Duty, TimelineKind } from '@/api'
import { steps, type Known } from './steps'

const duty = (name: string, whose: string, state = 'open') =>
  ({ duty: name, whose, state, blocks_closing: true }) as Duty
const theirs = (state = 'open') => [
  duty('police_report', 'shop', state),
  duty('check_transactions', 'shop', state),
  duty('acquirer_deregister', 'acquirer', state),
  duty('replacement', 'acquirer', state),
]
const known = (more: object, kinds: TimelineKind[] = [], duties = theirs()): Known => ({
  incident: { state: 'open', terminal: { shop_id: 'S01' }, ...more } as Known['incident'],
  duties,
  replacement: null,
  kinds: new Set(kinds),
})
const next = (it: Known | null) => steps(it, 'S01').find((step) => !step.isDone)

it('follows what the server says of the case, and nothing else', () => {
  expect(next(null)?.name).toBe('report')
  expect(next(known({}))?.name).toBe('attempts')
  const seen: TimelineKind[] = ['alarm_acknowledged']
  expect(next(known({}, seen))?.name).toBe('facts')
  // What was told with the report is told.
  expect(next(known({ circumstances: 'gone' }, seen))?.name).toBe('police')
  seen.push('commented')
  const one = (state: string, ...names: string[]) =>
    theirs().map((it) => (names.includes(it.duty) ? { ...it, state } : it) as Duty)
  expect(next(known({}, seen, one('done', 'police_report')))?.name).toBe('acquirer')
  const acquired = one('done', 'police_report', 'acquirer_deregister')
  expect(next(known({}, seen, acquired))?.name).toBe('money')
  // Duties that are not drawn up yet are not done.
  expect(next(known({}, seen, []))?.name).toBe('police')
  expect(next(known({}, seen, theirs('done')))?.name).toBe('closing')
  expect(next(known({ state: 'closed' }, seen, theirs('done')))?.name).toBe('pack')
  expect(next(known({ state: 'closed' }, ['pack_made'], theirs('done')))).toBeUndefined()
})

it('waits for a second person where one has said that there is no need', () => {
  const closing = next(known({ place: 'x' }, ['alarm_acknowledged'], theirs('not_needed_proposed')))
  expect(closing?.name).toBe('closing')
  expect(closing?.left).toHaveLength(4)
})

it('asks the manager only about what the manager sees', () => {
  const hand = (shop_id: string) =>
    steps(known({ terminal: { shop_id } }), 'S01').find((step) => step.name === 'money')?.hand
  expect([hand('S01'), hand('S02')]).toEqual(['manager', 'owner'])
})
