import { describe, expect, it } from 'vitest'
import type { PlaybookDuty } from '@/api'
import { BOX, linesOf, pictureOf } from './picture'

const duty = (name: string, whose: string, after: string[] = []): PlaybookDuty => ({
  duty: name,
  zh: name,
  en: name,
  whose,
  proof: 'statement',
  takes_file: false,
  blocks_closing: true,
  found: [],
  after,
})

describe('the drawing of a playbook', () => {
  it('puts whose it is in a column, and each below what comes before it', () => {
    const { boxes, arrows } = pictureOf([
      duty('a', 'shop'),
      duty('b', 'acquirer', ['a']),
      duty('c', 'shop'),
      duty('d', 'shop', ['b']),
    ])
    const at = Object.fromEntries(boxes.map((box) => [box.duty.duty, box]))
    expect(at.a!.x).toBe(at.c!.x)
    expect(at.b!.x).toBeGreaterThan(at.a!.x + BOX.width)
    for (const { from, to } of arrows) expect(at[to]!.y).toBeGreaterThan(at[from]!.y + BOX.height)
    expect(arrows.map(({ from, to }) => from + to)).toEqual(['ab', 'bd'])
  })

  it('lays no box on another, whatever follows what', () => {
    const duties = Array.from({ length: 60 }, (_, at) =>
      duty(`d${at}`, at % 3 ? 'shop' : 'acquirer', at % 4 ? [] : [`d${at >> 1}`, 'nobody']),
    )
    const { boxes, width, height } = pictureOf(duties)
    const places = new Set(boxes.map(({ x, y }) => `${x} ${y}`))
    expect(places.size).toBe(60)
    for (const { x, y } of boxes) {
      expect(x + BOX.width).toBeLessThan(width)
      expect(y + BOX.height).toBeLessThan(height)
    }
  })

  it('breaks a title into two lines and says where there is more', () => {
    expect(linesOf('Report it')).toEqual(['Report it'])
    expect(linesOf('Report the loss to the police station nearby')).toEqual([
      'Report the loss to the ',
      'police station nearby',
    ])
    expect(linesOf('保存监控录像不要等它被覆盖了才想起来')).toEqual([
      '保存监控录像不要等它被覆盖了',
      '才想起来',
    ])
    const long = linesOf('保存'.repeat(30))
    expect(long).toHaveLength(2)
    expect(long[1]).toMatch(/…$/)
  })
})
