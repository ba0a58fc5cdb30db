// A terminal that is used as a stolen one would be, before anybody misses it: its shop is asked, and one tap answers or stops it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asked, countIs, DESK, isSound, launch, on, open, PHONE } from './browser.mjs'
import { startHouse } from './house.mjs'

const SHOTS = process.env.TILLGUARD_SHOTS
let browser
before(async () => (browser = await launch()))
after(async () => await browser?.close())

const looked = (page, name) =>
  SHOTS && page.screenshot({ path: `${SHOTS}/question-${name}.png`, fullPage: true })
const MINUTE_MS = 60_000
const two = (number) => String(number).padStart(2, '0')
/** A time so many minutes ago as a WeChat bill writes it, by the clock of China. */
function ago(minutes) {
  const at = new Date(Date.now() - minutes * MINUTE_MS + 8 * 3_600_000)
  const day = [at.getUTCFullYear(), two(at.getUTCMonth() + 1), two(at.getUTCDate())].join('-')
  return `${day} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`
}

/** A month of a shop, six sales a day; in its last half an hour money went back twice of which nobody knows a sale. */
function bill(terminal) {
  const heads = '交易时间,微信订单号,商户订单号,设备号,交易状态,订单金额,微信退款单号,申请退款金额,退款状态'
  const rows = []
  for (let day = 30; day > 0; day--)
    for (let nth = 0; nth < 6; nth++)
      rows.push(
        `${ago(day * 1_440 + 600 - nth * 90)},S${day}-${nth},SH${day}-${nth},${terminal},SUCCESS,${25 + nth * 3}.00,0,0.00,`,
      )
  for (const [minutes, amount] of [
    [30, '3200.00'],
    [20, '4800.00'],
    [10, '5000.00'],
  ])
    rows.push(
      `${ago(minutes)},R${minutes},SHR${minutes},${terminal},REFUND,0.00,W${minutes},${amount},SUCCESS`,
    )
  return [heads, ...rows, ''].join('\n')
}

const bring = (page, terminal_id, text) =>
  page.evaluate(
    async ([terminal_id, text]) => {
      const form = new FormData()
      form.append('terminal_id', terminal_id)
      form.append('preview', 'false')
      form.append('file', new Blob([text]), 'bill.csv')
      const headers = { 'X-Tillguard': '1' }
      const answer = await fetch('/api/v1/statements', { method: 'POST', headers, body: form })
      return { status: answer.status, body: await answer.json() }
    },
    [terminal_id, text],
  )

/** A shop with two terminals, whose owner is signed in. */
async function shop(test, options) {
  const house = await startHouse()
  test.after(() => house.stop())
  const page = await open(browser, house, options)
  const said = {
    token: new URL(house.setUpUrl).searchParams.get('token'),
    mode: 'shop',
    language: 'zh',
    time_zone: 'Asia/Shanghai',
    currency: 'CNY',
    merchant: { name: '福记小吃' },
    account: { login: 'li.na', name: '李娜', password: 'teapot-in-the-rain' },
  }
  assert.equal((await page.request.post('/api/v1/setup', { data: said })).status(), 201)
  await page.goto('/')
  const { body } = await asked(page, 'POST', '/shops', { name: '城南店', address: '福州市台江区工业路 1 号' })
  for (const [serial, terminal_id, name] of [
    ['YZ9030495193', '30501101', '前台 1 号机'],
    ['YZ9030495194', '30501102', '前台 2 号机'],
  ]) {
    const terminal = { serial, terminal_id, name, model: '云展 Y90', control: 'outside', shop_id: body.id }
    assert.equal((await asked(page, 'POST', '/terminals', terminal)).status, 201)
  }
  return { house, page }
}

const WORDS = {
  'zh-CN': { title: '前台 1 号机在您手里吗', why: '找不到', noted: '记下了', requested: '已请求停用' },
  'en': { title: 'Is 前台 1 号机 with you', why: 'sale', noted: 'Noted', requested: 'Stop requested' },
}

for (const [name, size, language, theme] of [
  ['a-phone-zh', PHONE, 'zh-CN', 'light'],
  ['b-desk-en-dark', DESK, 'en-GB', 'dark'],
])
  test(`a shop is asked about a terminal, and answers: ${name}`, { timeout: 120_000 }, async (test) => {
    const words = WORDS[language === 'zh-CN' ? 'zh-CN' : 'en']
    const { page } = await shop(test, { size, language, theme })
    await countIs(on(page, 'question'), 0)
    for (const terminal of ['30501101', '30501102']) {
      const brought = await bring(page, terminal, bill(terminal))
      assert.equal(brought.status, 201, JSON.stringify(brought.body))
    }
    for (let tries = 0; (await on(page, 'question').count()) < 2; tries++) {
      assert.ok(tries < 60, 'nobody was asked')
      await page.goto('/')
      await on(page, 'terminal-row').first().waitFor()
      await page.waitForLoadState('networkidle')
    }
    const first = on(page, 'question', '[data-terminal="30501101"]')
    const text = await first.innerText()
    assert.ok(text.includes(words.title), text)
    assert.match(await first.locator('[data-test="question-why"]').innerText(), new RegExp(words.why))
    await isSound(page, `${name}: asked`)
    await looked(page, `${name}-1`)

    // Who is not sure leaves it to others; who has it says so.
    await first.locator('[data-test="question-unsure"]').click()
    await first.locator('[data-test="question-unsure"]').waitFor({ state: 'detached' })
    await looked(page, `${name}-2`)
    await first.locator('[data-test="question-here"]').click()
    await first.locator('[data-test="question-ended"]', { hasText: words.noted }).waitFor()
    await isSound(page, `${name}: answered`)
    await looked(page, `${name}-3`)

    // "No" is the report: one tap, and the incident's page. The terminal is asked for no more.
    const { body } = await asked(page, 'GET', '/questions')
    await page.goto(`/questions/${body.items[0].id}`)
    await on(page, 'question').waitFor()
    await isSound(page, `${name}: where a mail leads`)
    await on(page, 'question-missing').click()
    await on(page, 'asked').filter({ hasText: words.requested }).waitFor()
    assert.match(new URL(page.url()).pathname, /^\/incidents\//)
    await looked(page, `${name}-4`)
    const again = await asked(page, 'GET', '/questions?terminal_id=30501102')
    assert.equal(again.body.items[0].state, 'missing')
    assert.equal(new URL(page.url()).pathname, `/incidents/${again.body.items[0].incident_id}`)
    assert.deepEqual((await asked(page, 'GET', '/questions')).body.items, [])
  })
