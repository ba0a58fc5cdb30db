import { describe, expect, it } from 'vitest'
import type { Incident, TimelineItem, Transaction } from '@/api'
import { spans } from './around'
import { grown, needsReading, withAttempts } from './grow'

const item = (
  sequence: number,
  kind: TimelineItem['kind'],
  transaction: Transaction | null = null,
): TimelineItem => ({
  sequence,
  at: '2026-11-22T07:01:22.081Z',
  kind,
  transaction,
  by: null,
  duty: null,
  text: null,
})
const incident = {
  attempt_count: 3,
  unproven_attempt_count: 1,
  unacknowledged_alarm_count: 1,
  last_sequence: 9,
  suspended_at: '2026-11-22T07:01:22.081Z',
  loss_window: {
    from: '2026-11-22T06:32:05.000Z',
    to: '2026-11-22T07:01:22.081Z',
    basis: 'reported_last_seen',
  },
} as Incident
const paid = (sequence: number) => ({ sequence }) as Transaction
const tried = (proof: Transaction['proof'], repeated: number | null = null) =>
  ({ sequence: 8, proof, repeated }) as Transaction

describe('an incident', () => {
  it('grows by what the stream tells, and by nothing that was counted before', () => {
    const news = [
      item(12, 'alarm'),
      item(11, 'attempt_refused'),
      item(10, 'attempt_recorded'),
      item(9, 'attempt_refused'),
    ]
    expect(grown(incident, news)).toMatchObject({
      attempt_count: 5,
      unacknowledged_alarm_count: 2,
      last_sequence: 12,
    })
    expect(grown(incident, [item(13, 'alarm_acknowledged'), ...news]).unacknowledged_alarm_count).toBe(0)
    expect(grown(incident, [item(9, 'attempt_refused')])).toEqual(incident)
  })

  it('counts each of many attempts in one row, and those without proof by themselves', () => {
    const news = [
      item(13, 'attempt_recorded', tried(null)),
      item(12, 'attempt_refused', tried('unproven', 40)),
      item(11, 'attempt_refused', tried('unproven')),
      item(10, 'attempt_refused', tried('proven', 5)),
    ]
    expect(grown(incident, news)).toMatchObject({ attempt_count: 50, unproven_attempt_count: 42 })
  })

  it('is read again for what changes what may be done, and never for an attempt', () => {
    expect(needsReading(item(10, 'attempt_refused'))).toBe(false)
    expect(needsReading(item(10, 'alarm'))).toBe(true)
    expect(needsReading(item(10, 'closed'))).toBe(true)
  })

  it('shows a new attempt among its transactions once', () => {
    const listed = [paid(7), paid(5)]
    const news = [
      item(11, 'attempt_refused', paid(8)),
      item(10, 'attempt_refused', paid(7)),
      item(3, 'reported'),
    ]
    expect(withAttempts(listed, news).map((one) => one.sequence)).toEqual([8, 7, 5])
  })

  it('asks for three spans that neither overlap nor leave a hole, and ends with the release', () => {
    const { before, window, after } = spans(incident, '2026-11-22T09:00:00.000Z')
    expect(before).toEqual({ from: '2026-11-22T04:32:05.000Z', to: '2026-11-22T06:32:05.001Z' })
    expect(window).toEqual({ from: before.to, to: '2026-11-22T07:01:22.082Z' })
    expect(after).toEqual({ from: window.to, to: '2026-11-22T09:00:00.000Z' })
    expect(spans(incident, null).after.to).toBeUndefined()
  })
})
