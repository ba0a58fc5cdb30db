import { expect, it } from 'vitest'
import { DOCUMENTS_MAX, useDocuments } from './documents'

const file = (name: string, text = name) => new File([text], name)
/** A file whose bytes come when they are let go, or never. */
function slow(name: string) {
  const one = file(name)
  let go = () => {}
  let fail = () => {}
  one.arrayBuffer = () =>
    new Promise((come, not) => {
      go = () => come(new TextEncoder().encode(name).buffer)
      fail = () => not(new DOMException('gone', 'NotReadableError'))
    })
  return { one, go: () => go(), fail: () => fail() }
}
const names = (it: ReturnType<typeof useDocuments>) => it.seen.value.map((one) => one.name)

it('has a fingerprint of each that was chosen', async () => {
  const it = useDocuments()
  await it.choose([file('a'), file('b')])
  expect(it.seen.value[0]!.digest).toBe('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb')
  expect([names(it), it.busy.value, it.wrong.value]).toEqual([['a', 'b'], false, null])
})

it('counts only the later of two choices', async () => {
  const it = useDocuments()
  const first = slow('first')
  const choosing = it.choose([first.one])
  await it.choose([file('second')])
  first.go()
  await choosing
  expect([names(it), it.busy.value]).toEqual([['second'], false])
})

it('says which file could not be read, and goes on to the next choice', async () => {
  const it = useDocuments()
  const gone = slow('gone')
  const choosing = it.choose([gone.one])
  gone.fail()
  await choosing
  expect([names(it), it.busy.value, it.wrong.value]).toEqual([[], false, { why: 'unread', name: 'gone' }])
  await it.choose([file('here')])
  expect([names(it), it.wrong.value]).toEqual([['here'], null])
})

it('takes no part of what are too many, and none that is too large', async () => {
  const it = useDocuments()
  await it.choose(Array.from({ length: DOCUMENTS_MAX + 1 }, (_, at) => file(`${at}`)))
  expect([names(it), it.wrong.value]).toEqual([[], { why: 'many' }])
  const large = file('large')
  Object.defineProperty(large, 'size', { value: 100_000_001 })
  await it.choose([large])
  expect([names(it), it.wrong.value]).toEqual([[], { why: 'large', name: 'large' }])
})
