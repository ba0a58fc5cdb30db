// What somebody asks to turn back in a lost terminal's name is refused at a desk, in English; its owner reads of it on a phone, in Chinese.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, PHONE, asked, isSound, launch, on, open, signIn } from './browser.mjs'
import { startDemo, tradingTerminal } from './demo.mjs'
import { ask, forgedReversal } from './iso8583.mjs'

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

const WORDS = 'nobody of the shop gave anything back'

test(
  'what a stranger asked to turn back is refused for good, and its owner reads so',
  { timeout: 120_000 },
  async () => {
    const terminal = await tradingTerminal(demo, 'owner')
    const owner = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
    await signIn(owner, demo.account('owner'))
    await on(owner, 'report').waitFor()
    const report = { terminal_id: terminal.terminal_id, manner: 'stolen' }
    const { body: lost } = await asked(owner, 'POST', '/incidents', report)
    await ask(demo.gate, [forgedReversal(terminal, 7)])

    const desk = await open(browser, demo, { size: DESK, language: 'en' })
    await signIn(desk, demo.account('risk'))
    await desk.goto(`/incidents/${lost.id}`)
    await on(desk, 'recorded-one', '[data-state="open"]').waitFor()
    assert.match(await on(desk, 'recorded-hindrance').innerText(), /anybody may have/)
    assert.equal(await on(desk, 'recorded-propose').count(), 0, 'it can only be refused')
    await on(desk, 'recorded-refuse').click()
    await on(desk, 'recorded-do').click()
    await on(desk, 'field-problem').waitFor()
    await isSound(desk, 'the form of a refusal')
    await on(desk, 'recorded-text').fill(WORDS)
    await on(desk, 'recorded-do').click()
    await on(desk, 'recorded-one', '[data-state="refused"]').waitFor()
    assert.match(await on(desk, 'recorded-ground').innerText(), new RegExp(WORDS))
    await desk.locator('[data-test="recorded-which-undecided"]').check({ force: true })
    await on(desk, 'recorded-one').waitFor({ state: 'detached' })
    await isSound(desk, 'none left to decide')

    await owner.goto(`/incidents/${lost.id}#recorded`)
    await on(owner, 'recorded-one', '[data-state="refused"]').waitFor()
    const told = await on(owner, 'recorded').innerText()
    assert.match(told, /不予补办/)
    assert.doesNotMatch(told, new RegExp(WORDS))
    assert.equal(await on(owner, 'recorded-refuse').count(), 0)
    await isSound(owner, 'what the owner reads')
  },
)
