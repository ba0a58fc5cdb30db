// A suspicious-transaction report from the page of a loss: written on a desk in English, decided on a phone in Chinese, filed; and its
// owner's page has nothing of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, PHONE, asked, isSound, launch, on, open, signIn, until } from './browser.mjs'
import { signedIn, startDemo, tradingTerminal } from './demo.mjs'

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

const SECOND = { login: 'second.risk', name: '周敏', password: 'kite-lantern-7731' }
const WORDS = 'round amounts at night, each given back to another card'
const stands = (page, state) => on(page, 'suspicious-state', `[data-state="${state}"]`).waitFor()

test(
  'two people report what is suspicious, and nobody it is about is told',
  { timeout: 120_000 },
  async () => {
    const terminal = await tradingTerminal(demo, 'owner')
    const owner = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
    await signIn(owner, demo.account('owner'))
    const report = { terminal_id: terminal.terminal_id, manner: 'stolen' }
    const { body: lost } = await asked(owner, 'POST', '/incidents', report)
    const call = await signedIn(demo, 'risk')
    const invited = await call('POST', '/invitations', { name: SECOND.name, role: 'risk_officer' })
    assert.equal(invited.status, 201, JSON.stringify(invited.body))
    await call('POST', '/invitations/accept', { token: invited.body.token, ...SECOND })

    const first = await open(browser, demo, { size: DESK, language: 'en' })
    await signIn(first, demo.account('risk'))
    await on(first, 'nav-suspicious').click()
    await on(first, 'empty').waitFor()
    await isSound(first, 'no reports yet')
    // What was marked as not the shop's is named at first.
    const { body: stood } = await asked(first, 'GET', `/incidents/${lost.id}/suspects?limit=1`)
    const [fraud] = stood.items.map((one) => one.id)
    await asked(first, 'POST', '/marks', { incident_id: lost.id, items: [fraud], mark: 'fraudulent' })
    await first.goto(`/incidents/${lost.id}`)
    await on(first, 'suspicious').locator('[data-test="suspicious-begin"]').click()
    assert.equal(await on(first, 'suspicious-terminal').inputValue(), terminal.terminal_id)
    for (const ground of ['amount', 'frequency'])
      await first.locator(`[data-test="suspicious-ground-${ground}"]`).check({ force: true })
    await on(first, 'suspicious-facts').fill(WORDS)
    await until(
      first,
      (id) => document.querySelector('[data-test="suspicious-payments"]').value === id,
      fraud,
    )
    await on(first, 'suspicious-payments').fill('L99999999')
    await on(first, 'suspicious-save').click()
    await on(first, 'field-problem').waitFor()
    await isSound(first, 'the form of a report')
    await on(first, 'suspicious-payments').fill(fraud)
    await on(first, 'suspicious-save').click()
    await stands(first, 'draft')
    await on(first, 'suspicious-propose').click()
    await first.locator('[role="alert"]:visible').first().waitFor()
    await on(first, 'suspicious-persons').fill('the manager, and the account that was paid out to')
    await on(first, 'suspicious-analysis').fill('does not fit the size of the business')
    await first.locator('[data-test="suspicious-decision-report"]').check({ force: true })
    await on(first, 'suspicious-decision_text').fill('reasonable grounds')
    await on(first, 'suspicious-save').click()
    await first.locator('[data-test="suspicious-propose"]:enabled').click()
    await stands(first, 'proposed')
    assert.equal(await on(first, 'suspicious-confirm').count(), 0, 'not by who wrote it')
    assert.match(await on(first, 'suspicious-seconds').innerText(), new RegExp(SECOND.name))
    await isSound(first, 'a report that waits')

    const second = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
    await signIn(second, SECOND)
    await second.goto('/suspicious-reports')
    await on(second, 'suspicious-row').first().click()
    await isSound(second, 'a report on a phone')
    await on(second, 'suspicious-confirm').click()
    await stands(second, 'confirmed')
    await on(second, 'suspicious-due').waitFor()
    await on(second, 'suspicious-receipt').fill('R2026-118')
    await on(second, 'suspicious-file').click()
    await on(second, 'suspicious-filed').waitFor()
    assert.match(await on(second, 'events').innerText(), /查看/)
    await isSound(second, 'a report that is filed')

    // The owner's page of the loss, and an address that somebody else had.
    const id = second.url().split('/').pop()
    await owner.goto(`/incidents/${lost.id}`)
    await on(owner, 'timeline').waitFor()
    const told = await owner.locator('body').innerText()
    assert.doesNotMatch(told, /可疑交易报告|round amounts/)
    assert.equal(await on(owner, 'suspicious').count(), 0)
    for (const path of [`/suspicious-reports/${id}`, '/suspicious-reports/NOBODY01', '/suspicious-reports']) {
      const { status, body } = await asked(owner, 'GET', path)
      assert.deepEqual([status, body.code], [404, 'suspicious_report_not_found'], path)
    }
  },
)
