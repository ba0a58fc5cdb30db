// The loss of a terminal, from the report to the second person who confirms it was found.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { countIs, DESK, launch, on, open, signIn, unfold } from './browser.mjs'
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

/** Three taps: which one, what happened, stop. */
async function report(page, terminal) {
  await page.goto('/')
  await on(page, 'report').first().click()
  await on(page, 'report-terminal', `[data-terminal="${terminal.terminal_id}"]`).click()
  await page.locator('[data-test="manner-stolen"]').check({ force: true })
  await on(page, 'confirm').click()
}

test(
  'an owner stops a lost terminal from a phone and sees it being refused',
  { timeout: 120_000 },
  async () => {
    const terminal = await tradingTerminal(demo, 'owner')
    const page = await open(browser, demo)
    await signIn(page, demo.account('owner'))
    await report(page, terminal)
    await on(page, 'stopped', '[data-state="open"]').waitFor()
    await unfold(page, 'receipts')
    await on(page, 'receipt').first().waitFor()
    await countIs(on(page, 'receipt'), 6)
    assert.ok(Number.parseFloat(await on(page, 'stop-seconds').innerText()) < 5)
    // The terminal goes on trying; the page shows it without being asked again.
    await on(page, 'acknowledge').waitFor({ timeout: 60_000 })
    await unfold(page, 'attempts')
    await on(page, 'attempt').first().waitFor()
    assert.match(await on(page, 'approved-since').first().innerText(), /^0/)
    await on(page, 'acknowledge').click()
    await on(page, 'acknowledge').waitFor({ state: 'hidden' })
    assert.deepEqual(page.complaints, [])
    await page.context().close()
  },
)

test('a found terminal runs again only when a second person confirms', { timeout: 120_000 }, async () => {
  const terminal = await tradingTerminal(demo, 'owner')
  const owner = await open(browser, demo)
  await signIn(owner, demo.account('owner'))
  await report(owner, terminal)
  await on(owner, 'stopped').waitFor()
  await unfold(owner, 'found')
  await on(owner, 'found-open').click()
  await owner.locator('[data-test="found-false_alarm"]').check()
  await on(owner, 'found-statement').fill('在柜台后面找到，封条完好。')
  await on(owner, 'found-propose').click()
  await on(owner, 'stopped', '[data-state="found_proposed"]').waitFor()
  assert.equal(await on(owner, 'found-confirm').count(), 0, 'who proposed cannot confirm')

  const officer = await open(browser, demo, { size: DESK })
  await signIn(officer, demo.account('risk'))
  await officer.goto(new URL(owner.url()).pathname)
  await on(officer, 'found-confirm').click()
  await on(officer, 'stopped', '[data-state="closed"]').waitFor()
  const { body } = await (await signedIn(demo, 'owner'))('GET', `/terminals/${terminal.terminal_id}`)
  assert.equal(body.state, 'running')
  assert.deepEqual([...owner.complaints, ...officer.complaints], [])
  await Promise.all([owner.context().close(), officer.context().close()])
})

test(
  'a report without an answer says so, is kept over a reload, and is sent once',
  { timeout: 120_000 },
  async () => {
    const terminal = await tradingTerminal(demo, 'owner2')
    const page = await open(browser, demo)
    await signIn(page, demo.account('owner2'))
    await page.goto(`/report/${terminal.terminal_id}`)
    await on(page, 'confirm').waitFor()
    await page.route('**/api/v1/incidents', (route) =>
      route.request().method() === 'POST' ? route.abort() : route.continue(),
    )
    await on(page, 'confirm').click()
    await on(page, 'pending-report', '[data-stage="unclear"]').waitFor()
    assert.match(await on(page, 'pending-report').innerText(), /没收到回复，还不能确定是否停用，正在重发/)
    await on(page, 'hotline').waitFor()
    const call = await signedIn(demo, 'owner2')
    const state = async () => (await call('GET', `/terminals/${terminal.terminal_id}`)).body.state
    assert.equal(await state(), 'running', 'nothing may look stopped that is not')
    await page.unroute('**/api/v1/incidents')
    await page.reload()
    await on(page, 'send-now').or(on(page, 'see-incident')).or(on(page, 'stopped')).first().waitFor()
    if (await on(page, 'send-now').count()) await on(page, 'send-now').click()
    await on(page, 'see-incident').or(on(page, 'stopped')).first().waitFor({ timeout: 60_000 })
    assert.equal(await state(), 'lost')
    const { body } = await call('GET', `/incidents?terminal_id=${terminal.terminal_id}`)
    assert.equal(body.items.length, 1)
    await page.context().close()
  },
)

test('a cashier locks a terminal and unlocks it with the password', { timeout: 120_000 }, async () => {
  const terminal = await tradingTerminal(demo, 'owner3')
  const secret = demo.terminals.find((one) => one.terminal_id === terminal.terminal_id)
  const page = await open(browser, demo)
  await signIn(page, demo.account('owner3'))
  await page.goto(`/terminals/${terminal.terminal_id}`)
  await on(page, 'about').waitFor()
  assert.doesNotMatch(await on(page, 'about').innerText(), /还没有主密钥/, 'what trades has a key')
  await on(page, 'lock').click()
  await on(page, 'lock-confirm').click()
  await on(page, 'hold', '[data-kind="cashier_lock"]').waitFor()
  await on(page, 'unlock').click()
  await on(page, 'unlock-operator').fill(secret.operator)
  await on(page, 'unlock-password').fill(secret.operator_password === '000000' ? '000001' : '000000')
  await on(page, 'unlock-confirm').click()
  await on(page, 'attempts-left').waitFor()
  await on(page, 'unlock-password').fill(secret.operator_password)
  await on(page, 'unlock-confirm').click()
  await on(page, 'hold', '[data-kind="cashier_lock"]').waitFor({ state: 'hidden' })
  await page.context().close()
})

test('an auditor sees everything and is offered nothing to change', { timeout: 60_000 }, async () => {
  const page = await open(browser, demo, { size: DESK, language: 'en' })
  await signIn(page, demo.account('auditor'))
  await on(page, 'incident-row').first().waitFor()
  assert.equal(await on(page, 'report').count(), 0)
  await on(page, 'incident-row').first().click()
  await on(page, 'stopped').waitFor()
  assert.equal(await on(page, 'found-open').count(), 0)
  assert.equal(await on(page, 'found-confirm').count(), 0)
  assert.deepEqual(page.complaints, [])
  await page.context().close()
})

test('a wrong password is told without saying what was wrong', { timeout: 60_000 }, async () => {
  const page = await open(browser, demo)
  await page.goto('/')
  await on(page, 'login').fill('owner')
  await on(page, 'password').fill('not the password')
  await on(page, 'submit').click()
  assert.match(await on(page, 'login-problem').innerText(), /账号或密码/)
  await page.context().close()
})
