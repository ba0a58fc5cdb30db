// What anybody may have sent in a terminal's name is not told as what the device did.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isSound, launch, on, open, signIn, unfold, DESK } from './browser.mjs'
import { signedIn, startDemo, tradingTerminal } from './demo.mjs'
import { ask, forgedSignIn } from './iso8583.mjs'

/** More than a stranger may leave rows of: the rest becomes one row. */
const FORGED = 70

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

/** A terminal that lies still: nothing comes from it but what others send in its name. */
async function stillTerminal(call) {
  const { body } = await call('GET', '/terminals?state=running&limit=200')
  const still = (one) => demo.terminals.find((known) => known.terminal_id === one.terminal_id && !known.live)
  return still(body.items.find(still))
}
const forge = (terminal, from, count) =>
  ask(
    demo.gate,
    Array.from({ length: count }, (_, index) => forgedSignIn(terminal, from + index)),
  )

for (const [language, forged, thief] of [
  ['zh-CN', /用了?它的终端号.*不能确定/s, /有人试用|次尝试/],
  ['en', /in its name.*perhaps not from/s, /Sign-in: refused|\d+ attempts?\b/],
]) {
  test(
    `an owner is not told that the thief tries what a stranger sent: ${language}`,
    { timeout: 120_000 },
    async () => {
      const call = await signedIn(demo, 'owner')
      const terminal = await stillTerminal(call)
      const { body } = await call('POST', '/incidents', {
        terminal_id: terminal.terminal_id,
        manner: 'stolen',
      })
      const page = await open(browser, demo, { language })
      await signIn(page, demo.account('owner'))
      await page.goto(`/incidents/${body.id}`)
      await page.locator('[data-test="link"][data-link="live"]').first().waitFor()
      await forge(terminal, 1, 2)
      await on(page, 'acknowledge').waitFor({ timeout: 30_000 })
      const told = on(page, 'newest')
      await told.getByText(forged).first().waitFor()
      assert.match(await told.innerText(), forged)
      assert.doesNotMatch(await told.innerText(), thief)
      await unfold(page, 'attempts')
      await page.locator('[data-test="attempts"] [data-proof="unproven"]').nth(1).waitFor()
      await isSound(page, `an incident with forged attempts, ${language}`)
      await page.goto('/')
      const row = on(page, 'incident-row').filter({ hasText: forged })
      await row.first().waitFor()
      await page.context().close()
    },
  )
}

test(
  'a risk officer sees which attempts are proven, and how often each came',
  { timeout: 180_000 },
  async () => {
    const terminal = await tradingTerminal(demo, 'owner2')
    const call = await signedIn(demo, 'risk')
    const { body } = await call('POST', '/incidents', { terminal_id: terminal.terminal_id, manner: 'stolen' })
    const page = await open(browser, demo, { size: DESK })
    await signIn(page, demo.account('risk'))
    await page.goto(`/incidents/${body.id}`)
    await page.locator('[data-test="link"][data-link="live"]').first().waitFor()
    const identity = demo.terminals.find((one) => one.terminal_id === terminal.terminal_id)
    await forge(identity, 1, FORGED)
    const after = '[data-test="transaction"][data-group="after"]'
    await page.locator(`${after} [data-proof="unproven"]`).first().waitFor()
    // The device itself tries on, and what it sends carries its MAC.
    await page
      .locator('[data-test="timeline-item"] [data-proof="proven"]')
      .first()
      .waitFor({ timeout: 60_000 })
    // What came too fast for rows is one row, which counts each; the page grew by it without asking again.
    const many = page.locator('[data-test="timeline-item"]', { hasText: /签到 \d+ 次/ })
    await many.first().waitFor({ timeout: 60_000 })
    await page.waitForFunction(
      (least) => {
        const said = document.querySelector('[data-test="unproven-count"]')?.innerText ?? ''
        return Number(said.match(/\d+/)?.[0]) >= least
      },
      FORGED,
      { timeout: 60_000 },
    )
    const said = async (mark) => Number((await on(page, mark).innerText()).match(/\d+/)[0])
    const { body: incident } = await call('GET', `/incidents/${body.id}`)
    assert.ok(incident.unproven_attempt_count >= FORGED, `${incident.unproven_attempt_count}`)
    assert.ok(incident.attempt_count > incident.unproven_attempt_count, 'the device tried, too')
    assert.ok((await said('attempt-count')) <= incident.attempt_count, 'nothing is counted twice')
    await isSound(page, 'an incident with proven and forged attempts at the desk')
    await page.goto('/incidents')
    await on(page, 'incident-row').first().waitFor()
    assert.match(await page.locator('thead').innerText(), /未证实/)
    await page.context().close()
  },
)
