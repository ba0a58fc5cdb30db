import { expect, test } from 'vitest'
import type { MoneyEdge, MoneyPlace } from '@/api'
import { BOX, laidOut } from './flow'

const edge = (from: MoneyPlace, to: MoneyPlace, minor: number, card?: string): MoneyEdge => ({
  from,
  to,
  count: 1,
  minor,
  recipient: card ? { card, payer: null } : null,
})

test('a place has what came into it, and each stands once', () => {
  const { boxes, lines, height } = laidOut([
    edge('payers', 'settled', 700),
    edge('payers', 'refunded', 300),
    edge('shop', 'in_batch', 8_000),
    edge('in_batch', 'recipient', 8_000, '****8830'),
    edge('refunded', 'recipient', 300, '****1111'),
    edge('payers', 'in_batch', 0),
  ])
  const sums = Object.fromEntries(boxes.map(({ key, minor }) => [key, minor]))
  expect(sums).toEqual({
    'payers': 1_000,
    'shop': 8_000,
    'settled': 700,
    'refunded': 300,
    'in_batch': 8_000,
    'recipient ****8830': 8_000,
    'recipient ****1111': 300,
  })
  expect(lines).toHaveLength(5)
  expect(Math.max(...lines.map(({ width }) => width))).toBe(18)
  expect(Math.min(...lines.map(({ width }) => width))).toBeGreaterThanOrEqual(1.5)
  expect(height).toBe(3 * BOX.height + 2 * BOX.gap)
  // None covers another.
  const places = new Set(boxes.map(({ x, y }) => `${x} ${y}`))
  expect(places.size).toBe(boxes.length)
})

test('nothing is drawn of nothing', () => {
  expect(laidOut([])).toMatchObject({ boxes: [], lines: [] })
})
