import { reactive } from 'vue'
import { describe, expect, it } from 'vitest'
import type { Mark, Suspect, Suspects } from '@/api'
import { asked, isWhole, useQueue, usual } from './queue'
import { tally } from './sums'

const item = (id: string, score: number, more: Partial<Suspect> = {}) =>
  ({
    id,
    score,
    in_window: true,
    is_undone: false,
    mark: null,
    kind: 'sale',
    state: 'approved',
    amount: { minor: 100, currency: 'CNY' },
    ...more,
  }) as Suspect

function begun(all: Suspect[]) {
  const marks = reactive(new Map<string, Mark | null>())
  const markOf = (one: Suspect) => marks.get(one.id) ?? one.mark
  const queue = useQueue(markOf)
  queue.begin(all)
  const answer = (mark: Mark) => {
    marks.set(queue.current.value!.id, mark)
    queue.next()
  }
  return { queue, answer, marks, markOf }
}

describe('those of which nothing stands out', () => {
  const within = { code: 'loss_window', title: '', text: '', points: 300 } as Suspect['reasons'][number]
  const plain = (count: number) =>
    Array.from({ length: count }, (_, at) => item(`plain${at}`, 300, { reasons: at ? [within] : [] }))
  const odd = item('odd', 900, { reasons: [within, { ...within, code: 'refund_without_sale' }] })

  it('are asked about at once where they are many and nothing is before them', () => {
    const many = plain(20)
    expect(usual([odd, ...many], many[0]!)).toEqual(many)
    expect(usual([odd, ...many], odd)).toEqual([])
    expect(usual(plain(19), many[0]!)).toEqual([])
    expect(usual(many, null)).toEqual([])
  })
})

describe('the queue of questions', () => {
  it('asks those of the window, the most outstanding first, and goes on after those answered earlier', () => {
    const { queue } = begun([
      item('low', 10),
      item('high', 900),
      item('outside', 999, { in_window: false }),
      item('declined', 998, { state: 'declined' }),
      item('undone', 997, { is_undone: true }),
      item('sign-in', 996, { kind: 'other' }),
      item('known', 500, { mark: 'genuine' }),
    ])
    expect(queue.items.value.map(({ id }) => id)).toEqual(['known', 'high', 'low'])
    expect(queue.current.value?.id).toBe('high')
    expect(queue.place.value).toBe(1)
  })

  it('keeps its order, ends when none is left, and comes back to what was skipped', () => {
    const { queue, answer } = begun([item('a', 3), item('b', 2), item('c', 1)])
    answer('fraudulent')
    queue.next()
    answer('genuine')
    expect(queue.current.value).toBeNull()
    expect(queue.rest.value.map(({ id }) => id)).toEqual(['b'])
    expect(queue.answered.value).toBe(2)
    queue.again()
    expect(queue.current.value?.id).toBe('b')
    answer('unsure')
    expect(queue.rest.value).toEqual([])
    expect(queue.items.value.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  })

  it('goes back to the one that is undone', () => {
    const { queue, answer, marks } = begun([item('a', 3), item('b', 2)])
    answer('genuine')
    answer('genuine')
    marks.set('a', null)
    expect(queue.to('a')).toBe(true)
    expect(queue.current.value?.id).toBe('a')
    queue.next()
    expect(queue.current.value).toBeNull()
    expect(queue.to('elsewhere')).toBe(false)
  })
})

it('is read no further than what is to be asked', () => {
  const sums = (sale_count: number, refund_count = 0) => ({
    sale_count,
    sale_minor: 0,
    refund_count,
    refund_minor: 0,
  })
  const at_risk = [
    { currency: 'CNY', unmarked: sums(1, 1), fraudulent: sums(1), unsure: sums(0) },
    { currency: 'USD', unmarked: sums(0), fraudulent: sums(0), unsure: sums(1) },
  ]
  const page = { at_risk, next_cursor: '1.2.L3' } as Suspects
  expect(asked(page)).toEqual({ open: 2, said: 2 })
  const three = [item('a', 3), item('b', 2, { mark: 'fraudulent' }), item('c', 1, { mark: 'unsure' })]
  const others = [item('d', 0, { in_window: false }), item('e', 0, { mark: 'genuine' })]
  expect(isWhole([...three, ...others], page)).toBe(false)
  expect(isWhole([...three, ...others, item('f', 0)], page)).toBe(true)
  expect(isWhole(three, { ...page, next_cursor: null })).toBe(true)
})

describe('sums of what was answered', () => {
  it('add no two currencies, set off no refund, and leave out what was not approved', () => {
    const usd = { minor: 500, currency: 'USD' }
    const all = [
      item('a', 0, { mark: 'fraudulent' }),
      item('b', 0, { mark: 'fraudulent', kind: 'refund' }),
      item('c', 0, { mark: 'fraudulent', amount: usd }),
      item('d', 0, { mark: 'fraudulent', state: 'declined' }),
      item('e', 0, { mark: 'genuine' }),
    ]
    expect(tally(all, 'fraudulent', (one) => one.mark)).toEqual({
      count: 4,
      amounts: [
        { currency: 'CNY', sale_minor: 100, refund_minor: 100 },
        { currency: 'USD', sale_minor: 500, refund_minor: 0 },
      ],
    })
  })
})
