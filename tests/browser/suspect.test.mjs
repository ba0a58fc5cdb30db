// Whose the payments around a loss were: a shop is asked one after another, the risk officer ranks and marks with the keyboard only.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, PHONE, asked, isSound, launch, on, open, signIn, unfold, until } from './browser.mjs'
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

const two = (number) => String(number).padStart(2, '0')
/** A time as a WeChat bill writes it, by the clock of China. */
function inBill(ms) {
  const at = new Date(ms + 8 * 3_600_000)
  const day = [at.getUTCFullYear(), two(at.getUTCMonth() + 1), two(at.getUTCDate())].join('-')
  return `${day} ${[at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(':')}`
}

/** A terminal is lost, and a bill has what it took meanwhile: the bill ends before the stop. */
async function lostWithBill(page, amounts) {
  const terminal = await tradingTerminal(demo, 'owner')
  const last_seen_at = new Date(Date.now() - 10 * 60_000).toISOString()
  const report = { terminal_id: terminal.terminal_id, manner: 'stolen', last_seen_at }
  const { body: reported } = await asked(page, 'POST', '/incidents', report)
  const { body: incident } = await asked(page, 'GET', `/incidents/${reported.id}`)
  const from = Date.parse(incident.loss_window.from)
  const to = Date.parse(incident.loss_window.to)
  const heads = '交易时间,微信订单号,商户订单号,设备号,交易状态,订单金额,微信退款单号,申请退款金额,退款状态'
  const step = (to - from) / (amounts.length + 1)
  const line = (amount, index) => {
    const at = Math.floor(from + (index + 1) * step)
    return `${inBill(at)},${index + 1},SH${index + 1},${terminal.terminal_id},SUCCESS,${amount},0,0.00,`
  }
  const bill = [heads, ...amounts.map(line), ''].join('\n')
  await page.goto(`/incidents/${incident.id}`)
  await page.locator('[data-test="payments"]').first().waitFor()
  await unfold(page, 'payments')
  const card = on(page, 'payments')
  await on(card, 'statement-choose').setInputFiles({
    name: '今天.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(bill),
  })
  await on(card, 'statement-keep').click()
  await on(card, 'statement-kept').waitFor()
  return { incident, card }
}

/** The shop enters afterwards who was to work, around the clock; that operator's number. */
async function entered(page, terminal_id) {
  const { body: terminal } = await asked(page, 'GET', `/terminals/${terminal_id}`)
  const { body: cashiers } = await asked(page, 'GET', `/operators?shop_id=${terminal.shop_id}`)
  const { operator } = cashiers.items.find((one) => one.state === 'active')
  for (const days of [-2, -1, 0, 1]) {
    const date = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
    const shifts = [{ operator, from_min: 0, to_min: 1_440 }]
    const put = await asked(page, 'PUT', `/shops/${terminal.shop_id}/rosters/${date}`, { shifts })
    assert.equal(put.status, 200, JSON.stringify(put.body))
  }
  return operator
}

const list = (page, id, more = '') => asked(page, 'GET', `/incidents/${id}/suspects?limit=1000${more}`)
/** Those of the window that may have moved money: what a shop is asked about. */
const questions = (body) =>
  body.items.filter(
    (one) => one.in_window && one.state !== 'declined' && one.kind !== 'other' && !one.is_undone,
  )
const marked = (page, id, payment, mark) =>
  until(
    page,
    async ([id, payment, mark]) => {
      const answer = await fetch(`/api/v1/incidents/${id}/suspects?limit=1000`)
      const { items } = await answer.json()
      return items.find((one) => one.id === payment)?.mark === mark
    },
    [id, payment, mark],
  )

/** Throws the card that way. */
async function throwCard(page, dx, dy) {
  const { x, y } = await on(page, 'question').boundingBox()
  await page.mouse.move(x + 160, y + 40)
  await page.mouse.down()
  await page.mouse.move(x + 160 + dx, y + 40 + dy, { steps: 6 })
  await page.mouse.up()
}
const isAsked = (page, id) => on(page, 'question', `[data-key="${id}"]`).waitFor()

test('a shop says on a phone which payments were its own', { timeout: 180_000 }, async () => {
  const page = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
  await signIn(page, demo.account('owner'))
  const { incident, card } = await lostWithBill(page, ['38.50', '1.00', '4800.00', '26.00', '19.90'])
  const { id } = incident
  const { body: told } = await list(page, id)
  const wanted = questions(told).map((one) => one.id)
  assert.ok(wanted.length >= 5, 'those of the bill are in the window')
  const read = page.waitForResponse((answer) => answer.url().includes('order=score') && answer.ok())
  await on(card, 'to-check')
    .filter({ hasText: `${wanted.length} 笔待核对` })
    .click()
  // In the order of what the page itself read.
  const all = questions(await (await read).json()).map((one) => one.id)
  assert.deepEqual(all.toSorted(), wanted.toSorted())

  // By a button, undone, by a throw.
  await isAsked(page, all[0])
  await isSound(page, 'a question')
  await on(page, 'answer-genuine').click()
  await isAsked(page, all[1])
  await marked(page, id, all[0], 'genuine')
  await on(page, 'undo').click()
  await isAsked(page, all[0])
  await marked(page, id, all[0], null)
  await throwCard(page, -40, 0)
  await isAsked(page, all[0])
  await throwCard(page, -150, 0)
  await isAsked(page, all[1])
  await marked(page, id, all[0], 'fraudulent')

  // Without a network it says what is not sent, and sends it once.
  await page.context().setOffline(true)
  await on(page, 'answer-unsure').click()
  await on(page, 'unsent').filter({ hasText: '1 个回答' }).waitFor()
  await isAsked(page, all[2])
  await isSound(page, 'an answer is not sent')
  await page.context().setOffline(false)
  await on(page, 'unsent').waitFor({ state: 'detached' })
  await marked(page, id, all[1], 'unsure')

  // The rest; one is skipped and said to be open.
  await on(page, 'skip').click()
  for (const next of all.slice(3)) {
    await isAsked(page, next)
    await throwCard(page, 150, 0)
  }
  await on(page, 'summary').waitFor()
  await isSound(page, 'the summary')
  assert.match(await on(page, 'sum-fraudulent').innerText(), /1 笔/)
  assert.match(await on(page, 'sum-rest').innerText(), /1 笔没有答/)
  await on(page, 'look-again').click()
  await isAsked(page, all[2])
  await on(page, 'answer-genuine').click()
  await on(page, 'summary').waitFor()
  assert.equal(await on(page, 'sum-rest').count(), 0)

  // Every answer stands in the list and may be changed; a later visit finds them.
  await on(page, 'list-all').click()
  await on(page, 'answer-row', `[data-key="${all[0]}"]`).click()
  await on(page, 'answer-unsure').click()
  await on(page, 'answer-row', `[data-key="${all[0]}"]`).waitFor()
  await isSound(page, 'the list of answers')
  await marked(page, id, all[0], 'unsure')
  await page.goto(`/incidents/${id}/suspects`)
  await on(page, 'summary').waitFor()
  assert.match(await on(page, 'sum-unsure').innerText(), /2 笔/)
  const { body: after } = await list(page, id)
  assert.equal(after.counts.unsure, 2)
  assert.equal(after.counts.genuine, all.length - 2)

  // Who may only look is shown the list, and no button that answers.
  const looker = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
  await signIn(looker, demo.account('auditor'))
  await looker.goto(`/incidents/${id}/suspects`)
  await on(looker, 'read-only').waitFor()
  await on(looker, 'answer-row').first().click()
  await on(looker, 'question').waitFor()
  assert.equal(await on(looker, 'answer-genuine').count(), 0)
  await isSound(looker, 'looking only')
})

test('many of which nothing stands out are answered at once', { timeout: 180_000 }, async () => {
  const page = await open(browser, demo, { size: PHONE, language: 'en', theme: 'dark' })
  await signIn(page, demo.account('owner'))
  // Nobody knows when it was last seen: the window is a day, with what a day brings.
  const terminal = await tradingTerminal(demo, 'owner')
  const report = { terminal_id: terminal.terminal_id, manner: 'lost' }
  const { body: incident } = await asked(page, 'POST', '/incidents', report)
  await page.goto(`/incidents/${incident.id}/suspects`)
  await page.locator('[data-test="question"], [data-test="usual"]').first().waitFor()
  // What stands out is asked first, one by one.
  for (let odd = 0; odd < 40 && !(await on(page, 'usual').count()); odd++) {
    const before = await on(page, 'step').textContent()
    await on(page, 'answer-fraudulent').click()
    await until(
      page,
      (before) => document.querySelector('[data-test="step"]')?.textContent !== before,
      before,
    )
  }
  await on(page, 'usual').waitFor()
  await isSound(page, 'many alike')
  await on(page, 'usual-each').click()
  await on(page, 'question').waitFor()
  await page.reload()
  await on(page, 'usual-genuine').click()
  await on(page, 'summary').waitFor()
  const { body } = await list(page, incident.id)
  const last = questions(body).filter(({ reasons }) => reasons.every(({ code }) => code === 'loss_window'))
  assert.ok(last.length >= 20, `${last.length} are alike`)
  await marked(page, incident.id, last.at(-1).id, 'genuine')
  const after = questions((await list(page, incident.id)).body)
  assert.ok(
    after.every((one) => one.mark),
    'none is left',
  )
  await on(page, 'undo').click()
  await on(page, 'usual').waitFor()
  await page.context().close()
})

test('a risk officer ranks and marks them with the keyboard only', { timeout: 180_000 }, async () => {
  const shop = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
  await signIn(shop, demo.account('owner'))
  const { incident } = await lostWithBill(shop, ['38.50', '1.00', '4800.00', '26.00'])
  const { id } = incident
  const operator = await entered(shop, incident.terminal_id)
  const { body: told } = await list(shop, id)
  const [first, second, third] = told.items.map((one) => one.id)
  await asked(shop, 'POST', '/marks', { incident_id: id, items: [first], mark: 'genuine', ground: '熟客' })

  const page = await open(browser, demo, { size: DESK, language: 'en', theme: 'dark' })
  await signIn(page, demo.account('risk'))
  await page.goto(`/incidents/${id}/suspects`)
  const row = (payment) => on(page, 'suspect', `[data-key="${payment}"]`)
  const mark = (payment, as) => row(payment).locator(`[data-mark="${as}"]`).waitFor()
  await mark(first, 'genuine')
  await isSound(page, 'the ranked list')
  await on(page, 'rostered').filter({ hasText: operator }).waitFor()
  await on(page, 'on-shift').filter({ hasText: operator }).waitFor()
  await on(page, 'opinions').filter({ hasText: '熟客' }).waitFor()

  // Where the money is: known by a row of the bill, drawn for those who see, a list for all; and what would tell more.
  await on(page, 'money-state')
    .filter({ hasText: /Authorised|Batch open/ })
    .waitFor()
  await on(page, 'money-ask').waitFor()
  await on(page, 'money-picture').waitFor()
  assert.match(await on(page, 'money-currency').locator('li').first().textContent(), /Payers → .*¥/)
  assert.match(await on(page, 'money-asks').first().textContent(), /would tell more/)

  // A second opinion that differs is said to differ; undone, it is gone.
  await page.keyboard.press('f')
  await mark(first, 'fraudulent')
  assert.equal(await page.evaluate(() => document.activeElement.dataset.key), second, 'on to the next')
  await page.keyboard.press('k')
  await on(page, 'differ').waitFor()
  await page.keyboard.press('z')
  await on(page, 'differ').waitFor({ state: 'detached' })
  await mark(first, 'genuine')

  // Several at once, with a ground; keys rest while it is written.
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('x')
  await on(page, 'bulk').filter({ hasText: '2 payments selected' }).waitFor()
  await isSound(page, 'some are selected')
  await on(page, 'ground').fill('f: not seen on the camera')
  await page.keyboard.press('Escape')
  await page.keyboard.press('u')
  await mark(second, 'unsure')
  await mark(third, 'unsure')
  await marked(page, id, third, 'unsure')
  await on(page, 'opinions').filter({ hasText: 'not seen on the camera' }).waitFor()
  assert.equal(await on(page, 'bulk').count(), 0)

  // Those with one mark only, by an address.
  await on(page, 'filter-unsure').click()
  await page.waitForURL(/mark=unsure/)
  await until(page, () => document.querySelectorAll('[data-test="suspect"]').length === 2)
  await on(page, 'filter-all').click()
  await row(first).waitFor()
  await page.keyboard.press('z')
  await mark(second, 'none')
  await marked(page, id, third, null)

  // The newest first; all keys; a file of it.
  await on(page, 'sort-time').click()
  await page.waitForURL(/order=time/)
  await row(first).waitFor()
  await page.keyboard.press('?')
  await on(page, 'keys').waitFor()
  await isSound(page, 'all keys')
  await page.keyboard.press('Escape')
  const download = page.waitForEvent('download')
  await on(page, 'export-csv').click()
  assert.match((await download).suggestedFilename(), /^suspects-.*\.csv$/)

  // An auditor looks, and has nothing to mark with.
  const auditor = await open(browser, demo, { size: DESK, language: 'en' })
  await signIn(auditor, demo.account('auditor'))
  await auditor.goto(`/incidents/${id}/suspects`)
  await on(auditor, 'read-only').waitFor()
  await auditor.keyboard.press('f')
  assert.equal(await on(auditor, 'mark-fraudulent').count(), 0)
  await isSound(auditor, 'an auditor looks')
  const { body: after } = await list(shop, id)
  assert.deepEqual(
    [after.counts.genuine, after.counts.fraudulent, after.counts.unsure],
    [1, 0, 0],
    'nothing is left of what was undone',
  )
})
