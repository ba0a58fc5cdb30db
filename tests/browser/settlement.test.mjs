// Settlement is held by two people at a desk, in English; their owner reads that it is on a phone, in Chinese.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, PHONE, asked, isSound, launch, on, open, signIn } from './browser.mjs'
import { startDemo, tradingTerminal } from './demo.mjs'

let demo
let browser
before(async () => {
  demo = await startDemo()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await demo?.stop()
})

const WORDS = 'three refunds without a sale'
const stands = (page, state) => on(page, 'settlement-hold', `[data-state="${state}"]`).waitFor()

test('two people hold and release settlement, and its owner is told', { timeout: 120_000 }, async () => {
  const terminal = await tradingTerminal(demo, 'owner')
  const owner = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
  await signIn(owner, demo.account('owner'))
  await on(owner, 'report').waitFor()
  assert.equal(await on(owner, 'held').count(), 0)
  const report = { terminal_id: terminal.terminal_id, manner: 'stolen' }
  const { body: lost } = await asked(owner, 'POST', '/incidents', report)

  const first = await open(browser, demo, { size: DESK, language: 'en' })
  await signIn(first, demo.account('risk'))
  await first.goto(`/incidents/${lost.id}`)
  await on(first, 'settlement-holds-none').waitFor()
  await on(first, 'settlement-propose').click()
  await on(first, 'settlement-send').click()
  await on(first, 'field-problem').waitFor()
  await isSound(first, 'the form of a hold')
  await on(first, 'settlement-text').fill(WORDS)
  await first.locator('[data-test="settlement-ground-suspected_fraud"]').check({ force: true })
  await on(first, 'settlement-days').fill('181')
  await on(first, 'settlement-send').click()
  await on(first, 'field-problem').waitFor()
  await on(first, 'settlement-days').fill('30')
  await on(first, 'settlement-send').click()
  await stands(first, 'proposed')
  assert.equal(await on(first, 'settlement-confirm').count(), 0, 'not by who proposed it')
  await on(first, 'settlement-seconds').waitFor()
  await isSound(first, 'a hold that waits')

  const second = await open(browser, demo, { size: DESK, language: 'en' })
  await signIn(second, demo.account('operations'))
  await second.goto(`/incidents/${lost.id}`)
  await on(second, 'settlement-confirm').click()
  await on(second, 'settlement-do').click()
  await stands(second, 'standing')
  await on(second, 'settlement-kept').waitFor()
  assert.match(await on(second, 'settlement-why').innerText(), new RegExp(WORDS))
  assert.match(await on(second, 'settlement-read').innerText(), /No program has read it yet/)
  await isSound(second, 'a hold that stands')

  await owner.goto('/')
  await on(owner, 'held-line').waitFor()
  const told = await on(owner, 'held').innerText()
  assert.match(told, /结算暂缓/)
  assert.doesNotMatch(told, new RegExp(WORDS))
  await isSound(owner, 'what the owner is told')

  await on(second, 'settlement-release').click()
  await on(second, 'settlement-ground-text').fill('they were returns')
  await on(second, 'settlement-do').click()
  await on(second, 'settlement-release-why').waitFor()
  await first.reload()
  await on(first, 'settlement-confirm').click()
  await on(first, 'settlement-do').click()
  await on(first, 'settlement-holds-none').waitFor()
  await owner.goto('/')
  await on(owner, 'report').waitFor()
  const { body: holds } = await asked(owner, 'GET', '/settlement-holds')
  assert.deepEqual(
    holds.items.map((one) => [one.state, one.why]),
    [['released', null]],
  )
})
