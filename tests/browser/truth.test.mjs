// A page says what the server has confirmed, in the terminal's zone and by the server's clock.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, on, open, signIn, unfold, DESK } from './browser.mjs'
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

/** This device's clock is that far off. */
const clockOff = (page, hours) =>
  page.addInitScript((ahead_ms) => {
    const Real = Date
    globalThis.Date = class extends Real {
      constructor(...told) {
        super(...(told.length ? told : [Real.now() + ahead_ms]))
      }
      static now = () => Real.now() + ahead_ms
    }
  }, hours * 3_600_000)

/** Asks until it is so. */
async function until(holds, what, tries = 300) {
  for (let left = tries; left > 0; left--) {
    const value = await holds()
    if (value) return value
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  assert.fail(`it never came to be: ${what}`)
}

for (const hours of [2, -2]) {
  test(`a phone ${hours} hours off changes nothing that is said or sent`, { timeout: 120_000 }, async () => {
    const call = await signedIn(demo, 'owner')
    const terminal = await tradingTerminal(demo, 'owner')
    const page = await open(browser, demo)
    await clockOff(page, hours)
    await signIn(page, demo.account('owner'))
    await page.goto('/')
    await on(page, 'terminal-row', `[data-terminal="${terminal.terminal_id}"]`).waitFor()
    const row = on(page, 'terminal-row', `[data-terminal="${terminal.terminal_id}"]`)
    assert.doesNotMatch(await row.innerText(), /无联系/, 'a terminal that trades is not silent')
    await page.goto(`/report/${terminal.terminal_id}`)
    await page.locator('[data-test="seen-now"]').check({ force: true })
    await on(page, 'confirm').click()
    await on(page, 'stopped').waitFor()
    const id = new URL(page.url()).pathname.split('/').pop()
    const { body } = await call('GET', `/incidents/${id}`)
    const seen = Date.parse(body.last_seen_at)
    const stopped = Date.parse(body.suspended_at)
    assert.ok(
      seen <= stopped && stopped - seen < 60_000,
      `${body.last_seen_at} is not just before ${body.suspended_at}`,
    )
    await on(page, 'newest').getByText('拒绝').waitFor({ timeout: 60_000 })
    await unfold(page, 'chart')
    await page.locator('[data-test="chart"] path.refused').first().waitFor({ state: 'attached' })
    await page.context().close()
  })
}

test(
  'nothing is said about when it was last seen unless the reporter says it',
  { timeout: 60_000 },
  async () => {
    const call = await signedIn(demo, 'owner')
    const terminal = await tradingTerminal(demo, 'owner')
    const page = await open(browser, demo)
    await signIn(page, demo.account('owner'))
    await page.goto(`/report/${terminal.terminal_id}`)
    await on(page, 'confirm').waitFor()
    const which = await page.locator('h1').innerText()
    assert.ok(which.includes(terminal.shop_name) && which.includes(terminal.name), which)
    assert.match(await on(page, 'which').innerText(), new RegExp(terminal.terminal_id))
    await on(page, 'confirm').click()
    await on(page, 'stopped').waitFor()
    const id = new URL(page.url()).pathname.split('/').pop()
    const { body } = await call('GET', `/incidents/${id}`)
    assert.deepEqual([body.last_seen_at, body.place, body.loss_window.basis], [null, null, 'reported_only'])
    await page.context().close()
  },
)

test('a payment that was not the shop’s own is in the loss window', { timeout: 60_000 }, async () => {
  const call = await signedIn(demo, 'owner')
  const terminal = await tradingTerminal(demo, 'owner')
  const page = await open(browser, demo)
  await signIn(page, demo.account('owner'))
  await page.goto(`/report/${terminal.terminal_id}`)
  await page.locator('[data-test="seen-now"]').check({ force: true })
  await on(page, 'payment').first().locator('[data-test$="-not_ours"]').check({ force: true })
  await on(page, 'confirm').click()
  await on(page, 'stopped').waitFor()
  const id = new URL(page.url()).pathname.split('/').pop()
  const { body } = await call('GET', `/incidents/${id}`)
  assert.match(body.circumstances, /不是店里收的/)
  assert.ok(body.window_transaction_count > 0, 'the payment they did not take is looked at')
  await page.context().close()
})

test('the statement for the police is in the terminal’s zone and names it', { timeout: 60_000 }, async () => {
  const terminal = await tradingTerminal(demo, 'owner')
  const call = await signedIn(demo, 'owner')
  const { body } = await call('POST', '/incidents', { terminal_id: terminal.terminal_id, manner: 'stolen' })
  const page = await open(browser, demo, { zone: 'America/New_York' })
  await signIn(page, demo.account('owner'))
  await page.goto(`/incidents/${body.id}`)
  await on(page, 'stopped').waitFor()
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', timeStyle: 'medium' })
  const stopped = clock.format(new Date(body.suspended_at))
  assert.ok(
    (await page.locator('#main').innerText()).includes(stopped),
    'the page says it by the terminal’s clock',
  )
  const sheet = await page.locator('.statement').textContent()
  assert.match(sheet, new RegExp(`${stopped} UTC\\+08:00 \\(Asia/Shanghai\\)`))
  assert.doesNotMatch(sheet, /New_York/)
  await page.context().close()
})

test(
  'what a terminal sells after its release is not listed under the stop',
  { timeout: 120_000 },
  async () => {
    const terminal = await tradingTerminal(demo, 'owner2')
    const owner = await signedIn(demo, 'owner2')
    const risk = await signedIn(demo, 'risk')
    const { body: reported } = await owner('POST', '/incidents', { terminal_id: terminal.terminal_id })
    await owner('POST', `/incidents/${reported.id}/found`, {
      kind: 'false_alarm',
      statement: '在柜台后面找到',
    })
    const { body: closed } = await risk('POST', `/incidents/${reported.id}/found/confirm`, {})
    assert.equal(closed.state, 'closed')
    const since = encodeURIComponent(closed.found.confirmed_at)
    await until(async () => {
      const sold = await owner(
        'GET',
        `/transactions?terminal_id=${terminal.terminal_id}&decision=approved&from=${since}`,
      )
      return sold.body.items.some((one) => one.amount)
    }, 'a sale after the release')
    const page = await open(browser, demo, { size: DESK })
    await signIn(page, demo.account('risk'))
    await page.goto(`/incidents/${reported.id}`)
    await on(page, 'stopped').waitFor()
    // It traded until its stop; what it did the evening before depends on the hour of this run.
    await page.locator('[data-test="transaction"][data-group="window"]').first().waitFor()
    const under = await page.locator('[data-test="transaction"][data-group="after"]').allInnerTexts()
    assert.deepEqual(
      under.filter((one) => one.includes('成功')),
      [],
    )
    await page.context().close()
  },
)

test('however often a stopped terminal tries, the loss window is shown', { timeout: 60_000 }, async () => {
  const terminal = await tradingTerminal(demo, 'owner3')
  const call = await signedIn(demo, 'owner3')
  const { body } = await call('POST', '/incidents', { terminal_id: terminal.terminal_id })
  const { body: incident } = await call('GET', `/incidents/${body.id}`)
  const stop = Date.parse(incident.suspended_at)
  const one = (sequence, at, decision) => ({
    terminal_id: terminal.terminal_id,
    sequence,
    kind: 'purchase',
    decision,
    response_code: decision === 'declined' ? '58' : '00',
    reason: decision === 'declined' ? 'held:loss' : null,
    amount: { minor: 100, currency: 'CNY' },
    card: null,
    entry_mode: 'qr',
    operator: '001',
    batch: 1,
    trace: sequence,
    retrieval_reference: null,
    approval_code: null,
    peer: null,
    requested_at: new Date(at).toISOString(),
    decided_at: new Date(at).toISOString(),
    of_sequence: null,
  })
  // A ledger with 300 attempts after the stop, asked as the server is asked.
  const ledger = [
    ...Array.from({ length: 300 }, (_, index) =>
      one(900 - index, stop + 600_000 - index * 1_000, 'declined'),
    ),
    one(500, stop - 60_000, 'approved'),
  ]
  const page = await open(browser, demo, { size: DESK })
  await signIn(page, demo.account('risk'))
  await page.route('**/api/v1/transactions*', (route) => {
    const query = new URL(route.request().url()).searchParams
    const at = (name, otherwise) => (query.get(name) ? Date.parse(query.get(name)) : otherwise)
    const [from, to, limit] = [at('from', 0), at('to', Infinity), Number(query.get('limit') ?? 50)]
    const found = ledger.filter(
      (row) => Date.parse(row.decided_at) >= from && Date.parse(row.decided_at) < to,
    )
    const items = found.slice(0, limit)
    return route.fulfill({ json: { items, next_cursor: found.length > items.length ? 'more' : null } })
  })
  await page.goto(`/incidents/${body.id}`)
  await page.locator('[data-test="transaction"][data-group="after"]').first().waitFor()
  await page.locator('[data-test="transaction"][data-group="window"]').first().waitFor({ timeout: 10_000 })
  await page.context().close()
})

test('a lock from the console does not say that a key was pressed', { timeout: 60_000 }, async () => {
  const terminal = await tradingTerminal(demo, 'owner3')
  const call = await signedIn(demo, 'owner3')
  await call('POST', `/terminals/${terminal.terminal_id}/lock`, {})
  const page = await open(browser, demo)
  await signIn(page, demo.account('owner3'))
  await page.goto(`/terminals/${terminal.terminal_id}`)
  await on(page, 'hold', '[data-kind="cashier_lock"]').waitFor()
  assert.doesNotMatch(await on(page, 'hold').first().innerText(), /锁定键/)
  await page.context().close()
})

test('a terminal nobody has heard for days does not run', { timeout: 60_000 }, async () => {
  const call = await signedIn(demo, 'owner')
  const { body } = await call('GET', '/terminals?state=running&limit=200')
  const heard = body.items.filter(
    (one) => one.last_seen_at && Date.now() - Date.parse(one.last_seen_at) < 14 * 60_000,
  )
  assert.ok(heard.length < body.items.length, 'the estate has silent terminals')
  const page = await open(browser, demo)
  await signIn(page, demo.account('owner'))
  const said = Number.parseInt(await page.locator('.marks .state.running').innerText(), 10)
  assert.ok(Math.abs(said - heard.length) <= 1, `${said} are said to run, ${heard.length} were heard lately`)
  await page.context().close()
})
