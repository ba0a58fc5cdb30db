import { describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api'
import { useAct } from './act'

const lost = new Problem(0, 'no_answer', '…')
const refused = new Problem(422, 'invalid_field', '…')

describe('an act', () => {
  it('whose answer was lost is tried again under the same key', async () => {
    const keys: string[] = []
    const act = vi.fn((key: string, _what: string) => {
      keys.push(key)
      return keys.length < 3 ? Promise.reject(lost) : Promise.resolve('done')
    })
    const done = vi.fn()
    const { run, again, problem } = useAct(act, done)
    expect(await run('lock')).toBe(false)
    expect(problem.value).toBe(lost)
    expect(await again()).toBe(false)
    expect(await run('lock')).toBe(true)
    expect(new Set(keys).size).toBe(1)
    expect(done).toHaveBeenCalledExactlyOnceWith('done')
    expect(problem.value).toBeNull()
  })

  it('that was refused, or is another one, gets a new key', async () => {
    const keys: string[] = []
    const answers = [refused, lost]
    const { run } = useAct((key: string, _what: string) => {
      keys.push(key)
      const problem = answers.shift()
      return problem ? Promise.reject(problem) : Promise.resolve()
    })
    await run('lock')
    await run('lock')
    await run('unlock')
    expect(new Set(keys).size).toBe(3)
  })

  it('is not done twice at once', async () => {
    let finish: () => void = () => {}
    const act = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)))
    const { run, busy } = useAct(act)
    const first = run()
    expect(busy.value).toBe(true)
    expect(await run()).toBe(false)
    finish()
    expect(await first).toBe(true)
    expect(act).toHaveBeenCalledTimes(1)
  })
})
