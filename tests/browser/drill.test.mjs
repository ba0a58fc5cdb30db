// A loss that is only practised: the same pages, marked on each, and nothing that comes of it.
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

for (const [language, size, theme] of [
  ['zh-CN', PHONE, 'light'],
  ['en-GB', DESK, 'dark'],
])
  test(`a loss is practised, and nothing is stopped (${language})`, { timeout: 90_000 }, async () => {
    const terminal = await tradingTerminal(demo, 'owner')
    const page = await open(browser, demo, { size, language, theme })
    await signIn(page, demo.account('owner'))
    const incidents = async () => (await asked(page, 'GET', '/incidents')).body.items.length
    const known = await incidents()
    await page.goto('/report')
    await on(page, 'drill').click()
    await on(page, 'drill-mark').waitFor()
    await isSound(page, `which one to practise with, ${language}`)
    await on(page, 'report-terminal', `[data-terminal="${terminal.terminal_id}"]`).click()
    await on(page, 'drill-mark').waitFor()
    await page.locator('[data-test="manner-stolen"]').check({ force: true })
    await isSound(page, `an exercise, ${language}`)
    await on(page, 'confirm').click()
    await on(page, 'drill-result').waitFor()
    await on(page, 'drill-mark').waitFor()
    assert.ok((await on(page, 'drill-follows').locator('li').count()) > 3)
    await isSound(page, `what an exercise says, ${language}`)
    assert.equal(await incidents(), known)
    const now = (await asked(page, 'GET', `/terminals/${terminal.terminal_id}`)).body
    assert.equal(now.state, 'running')
    await on(page, 'drill-again').click()
    await on(page, 'confirm').waitFor()

    // Of a terminal that an acquirer outside decides it says who would have to stop it.
    const risk = await open(browser, demo, { size, language, theme })
    await signIn(risk, demo.account('risk'))
    await risk.goto(`/drill/${demo.outside[0]}`)
    await on(risk, 'confirm').click()
    await on(risk, 'drill-result').waitFor()
    await isSound(risk, `an exercise with a terminal of somebody else's, ${language}`)
    assert.deepEqual(risk.complaints, [])
    await risk.context().close()
    assert.deepEqual(page.complaints, [])
    await page.context().close()
  })
