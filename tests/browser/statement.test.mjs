// The files that a shop downloads, on its case: looked at first, kept, with the holes they leave in the loss window; taken back.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DESK, PHONE, asked, isSound, launch, on, open, signIn, unfold } from './browser.mjs'
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

const sample = (name) => join(import.meta.dirname, '../../crates/statement/samples', name)
const two = (number) => String(number).padStart(2, '0')
/** A time as a WeChat bill writes it, by the clock of China. */
function inBill(ms) {
  const at = new Date(ms + 8 * 3_600_000)
  const [day, clock] = [
    [at.getUTCFullYear(), two(at.getUTCMonth() + 1), two(at.getUTCDate())],
    [two(at.getUTCHours()), two(at.getUTCMinutes()), two(at.getUTCSeconds())],
  ]
  return `${day.join('-')} ${clock.join(':')}`
}
/** A bill of sales, and of one row that cannot be read. */
function bill(rows, terminal) {
  const heads = '交易时间,微信订单号,商户订单号,设备号,交易状态,订单金额,微信退款单号,申请退款金额,退款状态'
  const line = ([id, ms, amount, written]) =>
    `${inBill(ms)},${id},SH${id},${written ? terminal : ''},SUCCESS,${amount},0,0.00,`
  return Buffer.from(
    [heads, ...rows.map(line), `${inBill(rows[0][1])},9,SH9,,SUCCESS,很多,0,0.00,`, ''].join('\n'),
  )
}

/** Reports a loss and opens its page. */
async function lost(who, size, language, theme) {
  const terminal = await tradingTerminal(demo, 'owner')
  const page = await open(browser, demo, { size, language, theme })
  await signIn(page, demo.account(who))
  const report = { terminal_id: terminal.terminal_id, manner: 'stolen' }
  const { body } = await asked(page, 'POST', '/incidents', report)
  await page.goto(`/incidents/${body.id}`)
  await page.locator('[data-test="payments"]').first().waitFor()
  return { page, terminal, incident: body }
}

const statement = (page, name) => page.locator('[data-test="statement"]', { hasText: name })

/** Chooses a file, waits for what would be read, and keeps it. */
async function keep(page, card, chosen, kinds) {
  await on(card, 'statement-choose').setInputFiles(chosen)
  await on(card, 'statement-kinds').filter({ hasText: kinds }).waitFor()
  await on(card, 'statement-keep').click()
  await on(card, 'statement-kept').waitFor()
}

const WORDS = {
  'zh-CN': {
    wechat: '微信支付交易账单',
    ums: '银联商务',
    hole: '没有覆盖',
    refused: '1 行读不了',
    why: '别的门店的',
  },
  'en': {
    wechat: 'WeChat Pay, transactions',
    ums: 'UnionPay',
    hole: 'does not cover',
    refused: '1 row refused',
    why: 'of another shop',
  },
}

for (const [who, size, language, theme] of [
  ['owner', PHONE, 'zh-CN', 'light'],
  ['risk', DESK, 'en', 'dark'],
]) {
  test(`downloaded statements on a case (${language})`, { timeout: 180_000 }, async () => {
    const words = WORDS[language]
    const { page, terminal } = await lost(who, size, language, theme)
    await unfold(page, 'payments')
    const card = on(page, 'payments')

    // Of another day: recognised, and the whole window is a hole; left, nothing is kept.
    await on(card, 'statement-choose').setInputFiles(sample('wechat-trade-all.csv'))
    await on(card, 'statement-kinds').filter({ hasText: words.wechat }).waitFor()
    await on(card, 'statement-hole').filter({ hasText: words.hole }).waitFor()
    await isSound(page, `a statement is looked at (${language})`)
    await on(card, 'statement-leave').click()
    assert.equal(await on(card, 'statement').count(), 0)

    await keep(page, card, sample('wechat-trade-all.csv'), words.wechat)
    await keep(page, card, sample('chinaums-mx.xlsx'), words.ums)
    await statement(card, 'chinaums-mx.xlsx').waitFor()
    await on(card, 'payments-hole').waitFor()
    assert.equal(await on(card, 'payment').count(), 0, 'they are of another time')

    // Of the window itself: one that names the terminal, one that names none, and a row that cannot be read.
    const path = new URL(page.url()).pathname
    const { body: incident } = await asked(page, 'GET', path)
    const to = Date.parse(incident.loss_window.to)
    const from = Date.parse(incident.loss_window.from)
    const mine = bill(
      [
        ['1', from - 60_000, '12.00', true],
        ['2', Math.floor((from + to) / 2), '38.50', true],
        ['3', to + 1_000, '6.00', false],
      ],
      terminal.terminal_id,
    )
    await on(card, 'statement-choose').setInputFiles({
      name: '今天.csv',
      mimeType: 'text/csv',
      buffer: mine,
    })
    await on(card, 'statement-found').filter({ hasText: words.refused }).waitFor()
    await on(card, 'statement-keep').click()
    await on(card, 'payment').nth(2).waitFor()
    await on(card, 'payments-total').filter({ hasText: '38.50' }).waitFor()
    await isSound(page, `payments of statements (${language})`)

    // The same again adds nothing.
    await on(card, 'statement-choose').setInputFiles({
      name: '再来.csv',
      mimeType: 'text/csv',
      buffer: mine,
    })
    await on(card, 'statement-found').waitFor()
    assert.equal(await on(card, 'statement-keep').count(), 0)
    await on(card, 'statement-leave').click()

    // Taken back with a reason, its payments are gone.
    await on(statement(card, '今天.csv'), 'statement-withdraw').click()
    await on(page, 'withdraw-send').click()
    await on(page, 'field-problem').waitFor()
    await on(page, 'withdraw-why').fill(words.why)
    await on(page, 'withdraw-send').click()
    await page.locator('[data-test="statement"][data-state="withdrawn"]', { hasText: words.why }).waitFor()
    await on(card, 'payment').first().waitFor({ state: 'detached' })
  })
}

/** A file of an acquirer whose layout nobody knows: headings and words of its own. */
function strange(heads, terminal, day, number) {
  const rows = [
    ['收', '20.00', 1],
    ['收', '4800.00', 2],
    ['还', '20.00', 3],
    ['怪', '1.00', 4],
  ]
  const line = ([word, amount, at]) =>
    `${inBill(day + at * 60_000)},${word},${amount},好,${terminal},62220212345600${number}${at}`
  return Buffer.from(['某行对账单', heads.join(','), ...rows.map(line), ''].join('\n'))
}

const MAPPED = {
  'zh-CN': {
    heads: ['何时', '进出', '多少', '结果', '哪台', '笔号'],
    bank: '某行',
    first: '−¥20.00',
    unknown: '1 笔的结果不清楚',
    before: '按以前读“某行”的办法',
  },
  'en': {
    heads: ['When', 'Which', 'Sum', 'How', 'Box', 'Number'],
    bank: 'Some Bank',
    first: '−¥20.00',
    unknown: '1 payment of unknown',
    before: 'Some Bank were read before',
  },
}

for (const [who, size, language, theme] of [
  ['owner', PHONE, 'zh-CN', 'dark'],
  ['risk', DESK, 'en', 'light'],
]) {
  test(`a file that nobody knows is read as people say (${language})`, { timeout: 180_000 }, async () => {
    const words = MAPPED[language]
    const [at, type, amount, state, box, id] = words.heads
    const { page, terminal } = await lost(who, size, language, theme)
    await unfold(page, 'payments')
    const card = on(page, 'payments')
    const choose = (name, buffer) =>
      on(card, 'statement-choose').setInputFiles({ name, mimeType: 'text/csv', buffer })

    // Nothing is guessed right: what is there is shown, and what is missing is said beside its field.
    const day = Date.now() - 20 * 60_000
    await choose('明细.csv', strange(words.heads, terminal.terminal_id, day, 1))
    await on(card, 'mapping').waitFor()
    await on(card, 'mapping-read').click()
    await on(card, 'field-problem').first().waitFor()
    await on(card, 'mapping-name').fill(words.bank)
    await on(card, 'mapping-at').selectOption(at)
    await on(card, 'mapping-amount').selectOption(at)
    await on(card, 'mapping-read').click()
    await on(card, 'field-problem').waitFor()
    await on(card, 'mapping-amount').selectOption(amount)
    await on(card, 'field-problem').waitFor({ state: 'detached' })
    await isSound(page, 'a file that nobody knows')

    // Another row of headings is another set of columns, and back; the name stays.
    await on(card, 'mapping-row').selectOption('3')
    await on(card, 'mapping-at').locator('option', { hasText: '20.00' }).waitFor({ state: 'attached' })
    assert.equal(await on(card, 'mapping-name').inputValue(), words.bank)
    await on(card, 'mapping-row').selectOption('2')
    await on(card, 'mapping-at').locator('option', { hasText: at }).waitFor({ state: 'attached' })
    for (const [field, column] of [
      ['at', at],
      ['amount', amount],
      ['type', type],
      ['state', state],
      ['terminal', box],
      ['id', id],
    ])
      await on(card, `mapping-${field}`).selectOption(column)
    for (const [field, word, meaning] of [
      ['type', '收', 'sale'],
      ['type', '还', 'refund'],
      ['state', '好', 'done'],
    ])
      await on(card, `word-${field}`, `[data-key="${word}"]`).selectOption(meaning)
    await on(card, 'unsaid-type').waitFor()
    assert.equal(await on(card, 'unsaid-state').count(), 0)
    await isSound(page, 'columns and words')
    await on(card, 'mapping-read').click()

    // What nobody said the meaning of is unknown; said, it is no payment.
    await on(card, 'words-unknown').filter({ hasText: words.unknown }).waitFor()
    await on(card, 'first-payment').filter({ hasText: words.first }).waitFor()
    await isSound(page, 'as it would be kept')
    await on(card, 'mapping-change').click()
    assert.equal(await on(card, 'mapping-type').inputValue(), type)
    await on(card, 'word-type', '[data-key="怪"]').selectOption('none')
    await on(card, 'mapping-read').click()
    await on(card, 'words-unknown').waitFor({ state: 'detached' })
    await on(card, 'statement-keep').click()
    await on(card, 'statement-kept').filter({ hasText: '3' }).waitFor()

    // The next one of it is read the same way, without a question.
    await choose('明细二.csv', strange(words.heads, terminal.terminal_id, day + 5 * 60_000, 2))
    await on(card, 'statement-kinds').filter({ hasText: words.before }).waitFor()
    await isSound(page, 'as files were read before')
    await on(card, 'statement-keep').click()
    await on(card, 'statement-kept').filter({ hasText: '3' }).waitFor()
    const listed = await asked(page, 'GET', `/statements?terminal_id=${terminal.terminal_id}`)
    assert.deepEqual(
      listed.body.items.map(({ mapping }) => [mapping.name, mapping.types['怪']]),
      [
        [words.bank, 'none'],
        [words.bank, 'none'],
      ],
    )

    // No table is in it.
    await choose('说明.txt', Buffer.from('请登录商户平台下载'))
    await on(card, 'statement-preview').filter({ hasText: 'XLSX' }).waitFor()
    assert.equal(await on(card, 'mapping').count(), 0)
    await page.context().close()
  })
}

/** What a phone does when another app shares a file with an installed page. */
const shareWith = (page, name, text) =>
  page.evaluate(
    ([name, text]) => {
      const form = document.createElement('form')
      Object.assign(form, { method: 'post', action: '/shared', enctype: 'multipart/form-data' })
      const input = Object.assign(document.createElement('input'), { type: 'file', name: 'file' })
      const files = new DataTransfer()
      if (name) files.items.add(new File([text], name))
      input.files = files.files
      form.append(input)
      document.body.append(form)
      form.submit()
    },
    [name, text],
  )

test('a file that another app shares is asked about before it is brought', { timeout: 120_000 }, async () => {
  const terminal = await tradingTerminal(demo, 'owner')
  const page = await open(browser, demo, { size: PHONE, language: 'zh-CN', worker: true })
  await signIn(page, demo.account('owner'))
  const report = { terminal_id: terminal.terminal_id, manner: 'lost' }
  const { body: incident } = await asked(page, 'POST', '/incidents', report)
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.reload()
  const text = bill([['31', Date.now() - 30 * 60_000, '12.50', true]], terminal.terminal_id).toString()

  // Left, it is nowhere any more; and without a file the page says so.
  await shareWith(page, '分享.csv', text)
  await page.waitForURL('**/shared')
  await on(page, 'shared-file').filter({ hasText: '分享.csv' }).waitFor()
  await isSound(page, 'a shared file')
  await on(page, 'shared-leave').click()
  await on(page, 'shared-none').waitFor()
  await page.reload()
  await on(page, 'shared-none').waitFor()
  await isSound(page, 'no shared file')
  await shareWith(page, '', '')
  await on(page, 'shared-none').waitFor()

  // Chosen, it is looked at on the page of its loss, and kept when somebody says so.
  await shareWith(page, '分享.csv', text)
  await on(page, 'shared-loss', `[data-key="${incident.id}"]`).click()
  const card = on(page, 'payments')
  await on(card, 'statement-kinds').filter({ hasText: '微信支付交易账单' }).waitFor()
  const listed = () => asked(page, 'GET', `/statements?terminal_id=${terminal.terminal_id}`)
  assert.equal((await listed()).body.items.length, 0, 'nothing is kept yet')
  await on(card, 'statement-keep').click()
  await on(card, 'statement-kept').waitFor()
  assert.equal((await listed()).body.items[0].name, '分享.csv')
  await page.goto('/shared')
  await on(page, 'shared-none').waitFor()
  await page.context().close()
})
