// When a shop is open and who works: filled in on a phone by its owner in Chinese, a day's roster by its manager in English.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asked, countIs, DESK, isSound, launch, on, open, PHONE, signIn } from './browser.mjs'
import { startHouse } from './house.mjs'

let browser
let house
before(async () => ([browser, house] = await Promise.all([launch(), startHouse()])))
after(async () => {
  await browser?.close()
  await house?.stop()
})

const OWNER = { login: 'li.na', password: 'teapot-in-the-rain' }
const MANAGER = { login: 'sam', password: 'kettle-on-the-stove' }
let shop

/** A shop with a terminal and two cashiers, set up by its owner. */
async function setUp(page) {
  const said = {
    token: new URL(house.setUpUrl).searchParams.get('token'),
    mode: 'shop',
    language: 'zh',
    time_zone: 'Asia/Shanghai',
    currency: 'CNY',
    merchant: { name: '福记小吃' },
    account: { ...OWNER, name: '李娜' },
  }
  assert.equal((await page.request.post('/api/v1/setup', { data: said })).status(), 201)
  await page.goto('/')
  const add = async (path, data) => {
    const { status, body } = await asked(page, 'POST', path, data)
    assert.equal(status, 201, JSON.stringify(body))
    return body
  }
  shop = (await add('/shops', { name: '城南店', address: '福州市台江区工业路 1 号' })).id
  const terminal = { serial: 'YZ9030495193', terminal_id: '30501101', name: '前台 1 号机', model: '云展 Y90' }
  await add('/terminals', { ...terminal, control: 'outside', shop_id: shop })
  for (const operator of ['001', '002'])
    await add('/operators', { shop_id: shop, operator, name: `收银员 ${operator}`, password: '135790' })
  const one = await asked(page, 'GET', `/shops/${shop}`)
  const invited = { name: 'Sam', role: 'manager', merchant_id: one.body.merchant_id, shop_id: shop }
  const { token } = await add('/invitations', invited)
  return token
}

test('an owner fills in the hours on a phone in Chinese', { timeout: 60_000 }, async () => {
  const page = await open(browser, house, { size: PHONE, language: 'zh-CN' })
  const token = await setUp(page)
  await page.goto('/')
  await on(page, 'to-hours').waitFor()
  await isSound(page, 'hours phone zh home')
  await on(page, 'to-hours').click()
  await on(page, 'none').waitFor()
  await isSound(page, 'hours phone zh untold')

  // Alike every day, and closed on Sundays.
  await on(page, 'change-hours').click()
  await on(page, 'save-hours').click()
  await on(page, 'wrong').waitFor()
  await on(page, 'from').fill('17:00')
  await on(page, 'to').fill('02:00')
  await page.locator('[data-test="open-6"]').uncheck({ force: true })
  await on(page, 'add-exception').click()
  await on(page, 'date').fill('2026-10-01')
  await isSound(page, 'hours phone zh form')
  await on(page, 'save-hours').click()
  await on(page, 'saved').waitFor()
  const said = await on(page, 'day-said').allInnerTexts()
  assert.deepEqual(said, [...Array(6).fill('17:00–次日 02:00'), '休息'])
  assert.deepEqual(await on(page, 'other-said').allInnerTexts(), ['休息'])
  await isSound(page, 'hours phone zh told')

  // Each day by itself: Saturday around the clock, and that copied to all.
  await on(page, 'change-hours').click()
  await on(page, 'apart').click()
  await countIs(on(page, 'day'), 8)
  const saturday = on(page, 'day').nth(5)
  await saturday.locator('[data-test="whole-day"]').click()
  await isSound(page, 'hours phone zh apart')
  await saturday.locator('[data-test="copy"]').click()
  await on(page, 'save-hours').click()
  await on(page, 'change-hours').waitFor()
  assert.deepEqual(await on(page, 'day-said').allInnerTexts(), Array(7).fill('24 小时营业'))
  const kept = await asked(page, 'GET', `/shops/${shop}/hours`)
  assert.deepEqual(kept.body.week, Array(7).fill([{ from_min: 0, to_min: 1_440 }]))
  assert.deepEqual(kept.body.exceptions, [{ date: '2026-10-01', spans: [] }])
  await page.context().close()

  // The manager, in English.
  const joining = await open(browser, house, { size: DESK, language: 'en-GB', theme: 'dark' })
  await joining.goto(`/join#${token}`)
  await on(joining, 'login').fill(MANAGER.login)
  await on(joining, 'password').fill(MANAGER.password)
  await on(joining, 'join').click()
  await on(joining, 'account').waitFor()
  await joining.context().close()
})

test('a manager enters a day in English, and copies it a week on', { timeout: 60_000 }, async () => {
  const page = await open(browser, house, { size: DESK, language: 'en-GB', theme: 'dark' })
  await signIn(page, MANAGER)
  await on(page, 'to-hours').click()
  await on(page, 'roster-none').waitFor()
  const today = await on(page, 'roster-date').inputValue()
  await on(page, 'add-shift').click()
  await on(page, 'add-shift').click()
  const shift = (at) => on(page, 'shift').nth(at)
  await shift(0).locator('[data-test="from"]').fill('09:00')
  await shift(0).locator('[data-test="to"]').fill('17:00')
  await on(page, 'save-roster').click()
  await on(page, 'roster-wrong').waitFor()
  await shift(1).locator('[data-test="from"]').fill('17:00')
  await shift(1).locator('[data-test="to"]').fill('02:00')
  await isSound(page, 'roster desk en dark form')
  await on(page, 'save-roster').click()
  await on(page, 'roster-saved').waitFor()
  assert.match(await on(page, 'entered').innerText(), /Entered by/)
  const { body } = await asked(page, 'GET', `/shops/${shop}/rosters?from=${today}&days=1`)
  assert.deepEqual(body.items[0].shifts, [
    { operator: '001', from_min: 540, to_min: 1_020 },
    { operator: '002', from_min: 1_020, to_min: 1_560 },
  ])

  // A week on the same people work; on the day after nobody does.
  const week = new Date(Date.parse(`${today}T00:00:00Z`) + 7 * 86_400_000).toISOString().slice(0, 10)
  await on(page, 'roster-date').fill(week)
  await on(page, 'last-week').click()
  await countIs(on(page, 'shift'), 2)
  await on(page, 'save-roster').click()
  await on(page, 'roster-saved').waitFor()
  await on(page, 'later').click()
  await on(page, 'roster-none').waitFor()
  await on(page, 'save-roster').click()
  await on(page, 'entered').getByText('Nobody works').waitFor()
  await isSound(page, 'roster desk en dark entered')
  await on(page, 'forget-roster').click()
  await on(page, 'roster-none').waitFor()
  await page.setViewportSize(PHONE)
  await isSound(page, 'roster phone en dark')
  await page.context().close()
})
