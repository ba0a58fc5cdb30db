import { effectScope, nextTick } from 'vue'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem, type Mark, type Marked, type MarkIn, type Opinion } from '@/api'
import { useAnswers, type Answers } from './answers'

const item = (id: string, mark: Mark | null = null, opinions: Opinion[] = []) => ({ id, mark, opinions })
const opinion = (by: string, mark: Mark): Opinion => ({ by, mark, at: '2026-11-22T07:00:00Z', ground: null })
const counts = { all: 3, unmarked: 2, fraudulent: 1, unsure: 0, genuine: 0 }

/** A server that keeps what it takes, and fails as told. */
function server() {
  const keys: string[] = []
  const taken: MarkIn[] = []
  const failures: Problem[] = []
  const post = vi.fn(async (key: string, said: MarkIn): Promise<Marked> => {
    keys.push(key)
    const failure = failures.shift()
    if (failure) throw failure
    taken.push(said)
    const opinions = said.mark ? [opinion('Lin', said.mark)] : []
    return { items: said.items.map((id) => ({ id, mark: said.mark ?? null, opinions })), counts, at_risk: [] }
  })
  return { keys, taken, failures, post }
}
const offline = () => new Problem(0, 'offline', 'No network')
const silent = () => new Problem(0, 'no_answer', 'No answer')
const refused = () => new Problem(409, 'incident_closed', 'It is closed')

const start = (post: ReturnType<typeof server>['post']): Answers =>
  effectScope().run(() => useAnswers('I1', { login: 'lin', isMine: (one) => one.by === 'Lin' }, post))!
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  await nextTick()
}

describe('answers', () => {
  beforeEach(() => localStorage.clear())

  it('are shown at once and sent one after another, each once', async () => {
    const { post, taken, keys } = server()
    const answers = start(post)
    answers.say([item('a')], 'fraudulent')
    answers.say([item('b')], 'genuine', 'seen on the camera')
    expect(answers.markOf(item('a'))).toBe('fraudulent')
    expect(post).toHaveBeenCalledTimes(1)
    await settled()
    expect(taken).toEqual([
      { incident_id: 'I1', items: ['a'], mark: 'fraudulent', ground: null },
      { incident_id: 'I1', items: ['b'], mark: 'genuine', ground: 'seen on the camera' },
    ])
    expect(new Set(keys).size).toBe(2)
    expect(answers.told.value?.counts).toEqual(counts)
    expect(answers.opinionsOf(item('b'))).toEqual([opinion('Lin', 'genuine')])
  })

  it('that get no answer stay, in order, and go out again with the same keys', async () => {
    const { post, taken, keys, failures } = server()
    const answers = start(post)
    failures.push(silent(), silent())
    answers.say([item('a')], 'fraudulent')
    await settled()
    answers.say([item('a')], 'genuine')
    await settled()
    expect(answers.unsent.value).toBe(2)
    expect(answers.problem.value?.code).toBe('no_answer')
    expect(answers.markOf(item('a'))).toBe('genuine')
    await answers.send()
    expect(answers.unsent.value).toBe(0)
    expect(answers.problem.value).toBeNull()
    expect(taken.map((said) => said.mark)).toEqual(['fraudulent', 'genuine'])
    expect(keys[0]).toBe(keys[1])
    expect(keys[1]).toBe(keys[2])
    expect(keys[3]).not.toBe(keys[2])
  })

  it('outlive the page, and are not sent twice', async () => {
    const first = server()
    first.failures.push(silent())
    start(first.post).say([item('a')], 'unsure')
    await settled()
    const second = server()
    const answers = start(second.post)
    expect(answers.markOf(item('a'))).toBe('unsure')
    await settled()
    expect(second.keys).toEqual(first.keys)
    const third = server()
    start(third.post)
    await settled()
    expect(third.post).not.toHaveBeenCalled()
  })

  it('go out when the network returns', async () => {
    const { post, taken, failures } = server()
    failures.push(offline())
    const answers = start(post)
    answers.say([item('a')], 'unsure')
    await settled()
    expect(answers.unsent.value).toBe(1)
    window.dispatchEvent(new Event('online'))
    await settled()
    expect(answers.unsent.value).toBe(0)
    expect(taken).toHaveLength(1)
  })

  it('that the server refuses are shown no longer, and those behind them go on', async () => {
    const { post, taken, failures } = server()
    failures.push(refused())
    const answers = start(post)
    answers.say([item('a', 'genuine')], 'fraudulent')
    answers.say([item('b')], 'unsure')
    await settled()
    expect(answers.markOf(item('a', 'genuine'))).toBe('genuine')
    expect(answers.unsent.value).toBe(0)
    expect(taken.map((said) => said.items)).toEqual([['b']])
    expect(answers.undo()).toEqual(['b'])
    expect(answers.canUndo.value).toBe(false)
  })

  it('are undone to what the reader itself had said before, each payment to its own', async () => {
    const { post, taken } = server()
    const answers = start(post)
    const mine = item('a', 'unsure', [opinion('Lin', 'unsure')])
    const others = item('b', 'genuine', [opinion('Wang', 'genuine')])
    answers.say([mine, others], 'fraudulent')
    await settled()
    expect(answers.undo()).toEqual(['a', 'b'])
    await settled()
    expect(taken.slice(1).map(({ items, mark }) => [items, mark])).toEqual([
      [['a'], 'unsure'],
      [['b'], null],
    ])
    expect(answers.undo()).toEqual([])
  })

  it('that never went out are undone without a word to the server', async () => {
    const { post, taken, failures } = server()
    const answers = start(post)
    failures.push(offline())
    answers.say([item('a')], 'fraudulent')
    await settled()
    answers.undo()
    expect(answers.markOf(item('a'))).toBeNull()
    expect(answers.unsent.value).toBe(0)
    await settled()
    expect(taken).toEqual([])
  })

  it('of many go out in parts of what the server takes, and are undone as the one act they were', async () => {
    const { post, taken } = server()
    const answers = start(post)
    const many = Array.from({ length: 450 }, (_, index) => item(`p${index}`))
    const sizes = () => taken.map(({ items, mark }) => [items.length, mark])
    answers.say(many, 'genuine')
    await settled()
    expect(sizes()).toEqual([
      [200, 'genuine'],
      [200, 'genuine'],
      [50, 'genuine'],
    ])
    expect(answers.undo()).toHaveLength(450)
    expect(answers.canUndo.value).toBe(false)
    await settled()
    expect(sizes().slice(3)).toEqual([
      [200, null],
      [200, null],
      [50, null],
    ])
  })

  it('of which the server refused a part are undone but for that', async () => {
    const { post, taken, failures } = server()
    failures.push(refused())
    const answers = start(post)
    answers.say(
      Array.from({ length: 201 }, (_, index) => item(`p${index}`)),
      'genuine',
    )
    await settled()
    expect(answers.undo()).toEqual(['p200'])
    await settled()
    expect(taken.map(({ items, mark }) => [items, mark])).toEqual([
      [['p200'], 'genuine'],
      [['p200'], null],
    ])
  })
})
