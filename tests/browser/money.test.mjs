// A shop alone with its money, on its owner's phone in Chinese: one report, two downloaded files, what stands out asked first, a letter to
// the bank about what was not the shop's, and all of it as a file.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { asked, isSound, launch, on, open, PHONE, signIn, unfold, until } from './browser.mjs'
import { startDemo } from './demo.mjs'

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

const MINUTE = 60_000
/** A time as bills write it, by the clock of China. */
const inBill = (ms) => new Date(ms + 8 * 60 * MINUTE).toISOString().slice(0, 19).replace('T', ' ')

/** WeChat's bill of sales, each of a time and an amount. */
function wechat(terminal, sales) {
  const heads = '交易时间,微信订单号,商户订单号,设备号,交易状态,订单金额,微信退款单号,申请退款金额,退款状态'
  const line = ([at, amount], index) =>
    `${inBill(at)},42000${index},SH${index},${terminal},SUCCESS,${amount},0,0.00,`
  return [heads, ...sales.map(line), ''].join('\n')
}

/** Alipay's list of payments, each of a time, an amount and whether it went back. */
function alipay(terminal, payments) {
  const heads =
    '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注'
  const line = ([at, amount, back], index) => {
    const [kind, sign, request] = back ? ['退款', '-', `RQ${index}`] : ['交易', '', '']
    const when = inBill(at)
    return `20260914220014${index}\t,AL${index}\t,${kind}\t,小吃,${when},${when},,,op01\t,${terminal}\t,测*(000***@example.com)\t,${sign}${amount},${sign}${amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,${request}\t,0.00,0.00,`
  }
  return [
    '#支付宝业务明细查询',
    '#账号：[20889999000000010156]',
    '#-----------------------------------------业务明细列表----------------------------------------',
    heads,
    ...payments.map(line),
    '#-----------------------------------------业务明细列表结束------------------------------------',
    '',
  ].join('\n')
}

async function keep(card, name, text, kinds) {
  const files = on(card, 'statement')
  const before = await files.count()
  await on(card, 'statement-choose').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })
  await on(card, 'statement-kinds').filter({ hasText: kinds }).waitFor()
  await on(card, 'statement-keep').click()
  await files.nth(before).waitFor()
}

test('a shop alone follows its money, from two files to a letter', { timeout: 120_000 }, async () => {
  const page = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
  await signIn(page, demo.account('alone'))
  const [terminal] = demo.outside
  await page.locator('[data-test="report"]:visible').click()
  await on(page, 'report-terminal', `[data-terminal="${terminal}"]`).click()
  await on(page, 'confirm').click()
  await on(page, 'asked').waitFor()
  const id = new URL(page.url()).pathname.split('/').pop()

  // What it took that day, by two files; nothing of it passed here.
  const { body: incident } = await asked(page, 'GET', `/incidents/${id}`)
  const to = Date.parse(incident.loss_window.to)
  const ago = (minutes) => to - minutes * MINUTE
  await unfold(page, 'payments')
  const card = on(page, 'payments')
  const sales = ['12.00', '18.50', '26.00', '9.90', '4800.00'].map((amount, index) => [
    ago(300 - index * 40),
    amount,
  ])
  await keep(card, '微信账单.csv', wechat(terminal, sales), '微信')
  await keep(
    card,
    '支付宝账单.csv',
    alipay(terminal, [
      [ago(280), '15.00'],
      [ago(90), '600.00', true],
    ]),
    '支付宝',
  )
  await isSound(page, 'two files')

  // What stands out is asked first.
  await on(card, 'to-check').click()
  const own = new Set(['12.00', '18.50', '26.00', '9.90', '15.00'])
  const answers = []
  while (answers.length < 7) {
    await on(page, 'question').waitFor()
    const key = await on(page, 'question').getAttribute('data-key')
    const amount = (await on(page, 'amount').innerText()).replace(/[^\d.]/g, '')
    answers.push(amount)
    await on(page, own.has(amount) ? 'answer-genuine' : 'answer-fraudulent').click()
    await until(page, (key) => document.querySelector('[data-test="question"]')?.dataset.key !== key, key)
  }
  assert.deepEqual(answers.slice(0, 2).toSorted(), ['4800.00', '600.00'], 'the two that are not its own')
  await on(page, 'summary').waitFor()
  assert.match(await on(page, 'sum-fraudulent').innerText(), /2 笔/)
  await isSound(page, 'all answered')

  // All of it as a file.
  const [file] = await Promise.all([page.waitForEvent('download'), on(page, 'export-csv').click()])
  const rows = (await readFile(await file.path(), 'utf8')).trim().split('\n')
  assert.equal(rows.length, 8, 'a line for each payment, and the heads')
  assert.equal(rows.filter((row) => row.includes('fraudulent')).length, 2)

  // And a letter about the two.
  await on(page, 'to-letters').click()
  await on(page, 'letter-write').click()
  assert.match(await on(page, 'letter-payments').innerText(), /2 笔/)
  await on(page, 'letter-save').click()
  const [pdf] = await Promise.all([page.waitForEvent('download'), on(page, 'letter-open').click()])
  assert.match(pdf.suggestedFilename(), /^letter-.*\.pdf$/)
  await on(page, 'letter-mail').click()
  await on(page, 'letter-do').click()
  await on(page, 'letter-state', '[data-state="sent"]').waitFor()
  const [letter] = (await asked(page, 'GET', `/incidents/${id}/letters`)).body.items
  assert.equal(letter.payment_count, 2)
  const mailbox = await (await fetch(demo.mailbox)).text()
  assert.ok(mailbox.includes(letter.number), 'it has arrived')
  await isSound(page, 'the letter went out')
})
