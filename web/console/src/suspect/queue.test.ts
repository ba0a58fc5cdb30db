import { reactive } from 'vue'
import { describe, expect, it } from 'vitest'
import type { Mark, Suspect } from '@/api'
import { useQueue } from './queue'
import { tally } from './sums'

const item = (id: string, score: number, more: Partial<Suspect> = {}) =>
  ({
    id,
    score,
    in_window: true,
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

describe('the queue of questions', () => {
  it('asks those of the window, the most outstanding first, and goes on after those answered earlier', () => {
    const { queue } = begun([
      item('low', 10),
      item('high', 900),
      item('outside', 999, { in_window: false }),
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
