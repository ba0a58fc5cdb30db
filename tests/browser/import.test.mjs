// An estate that comes as a table: its wrong lines are named, and it is taken over whole, on a phone and at the desk.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { countIs, DESK, isSound, launch, on, open, PHONE } from './browser.mjs'
import { startHouse } from './house.mjs'

const PASSWORD = 'teapot-in-the-rain'
/** Where pictures of each step go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS

let browser
before(async () => (browser = await launch()))
after(async () => await browser?.close())

const looked = (page, name) =>
  SHOTS && page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true }).then(() => {})

const HEADINGS = '终端号,SN,型号,名称,门店名称,门店地址,商户编号,商户名称\n'

/** So many lines; what `spoil` names is wrong. */
function table(lines, spoil = {}) {
  const line = (number) => {
    const cells = [
      String(30_500_000 + number),
      `YZ90${number}`,
      '云展 Y90',
      `${number} 号机`,
      `门店 ${number % 40}`,
      `工业路 ${number % 40} 号`,
      spoil.merchant,
      '福记小吃',
    ]
    Object.entries(spoil[number] ?? {}).forEach(([at, cell]) => (cells[at] = cell))
    return cells.join(',')
  }
  const text = HEADINGS + Array.from({ length: lines }, (_, number) => line(number)).join('\n')
  return { name: '2026 年终端台账.csv', mimeType: 'text/csv', buffer: Buffer.from(text) }
}

for (const [name, mode, options] of [
  ['a-phone-zh', 'shop', { size: PHONE, language: 'zh-CN' }],
  ['b-desk-en-dark', 'acquirer', { size: DESK, language: 'en-GB', theme: 'dark' }],
  ['c-phone-en', 'shop', { size: PHONE, language: 'en-GB' }],
]) {
  test(`a table of terminals, wrong and then right: ${name}`, { timeout: 240_000 }, async (test) => {
    const house = await startHouse()
    test.after(() => house.stop())
    const page = await open(browser, house, options)
    const data = {
      token: new URL(house.setUpUrl).searchParams.get('token'),
      mode,
      language: 'zh',
      time_zone: 'Asia/Shanghai',
      currency: 'CNY',
      ...(mode === 'shop' && { merchant: { name: '福记小吃' } }),
      account: { login: 'li.na', name: '李娜', password: PASSWORD },
    }
    const done = await page.request.post('/api/v1/setup', { data })
    assert.equal(done.status(), 201)
    const merchant = mode === 'shop' ? '' : '104520157120077'

    await page.goto('/terminals/new')
    await on(page, 'imports').click()
    await isSound(page, `${name}: imports`)
    await looked(page, `${name}-1-imports`)
    const [template] = await Promise.all([page.waitForEvent('download'), on(page, 'template-csv').click()])
    assert.match(await readFile(await template.path(), 'utf8'), /终端号\*,序列号\*|Terminal ID\*,Serial/)

    const wrong = { merchant, 7: { 0: '终端一' }, 11: { 1: 'YZ903' }, 12: { 2: '' } }
    await page.locator('[data-test="import-file"]').setInputFiles(table(20_000, wrong))
    await page.locator('progress').waitFor()
    await isSound(page, `${name}: under way`)
    await looked(page, `${name}-2-under-way`)
    // Left and found again.
    await page.goto('/imports')
    await on(page, 'import-row').first().click()
    await on(page, 'wrong-line').first().waitFor({ timeout: 60_000 })
    await countIs(on(page, 'wrong-line'), 3)
    assert.match(await on(page, 'wrong-line').nth(0).innerText(), /(第 9 行|Row 9)/)
    assert.equal(await on(page, 'commit').count(), 0, 'with wrong lines nothing is taken over')
    await isSound(page, `${name}: wrong`)
    await looked(page, `${name}-3-wrong`)
    const [lines] = await Promise.all([page.waitForEvent('download'), on(page, 'wrong-csv').click()])
    const text = await readFile(await lines.path(), 'utf8')
    assert.equal(text.trim().split('\n').length, 4, text)
    await on(page, 'discard').click()
    await on(page, 'import-state')
      .filter({ hasText: /已放弃|Discarded/ })
      .waitFor()

    await page.goto('/imports')
    await page.locator('[data-test="import-file"]').setInputFiles(table(120, { merchant }))
    await on(page, 'commit').waitFor()
    assert.equal(await on(page, 'count-added').innerText(), '120')
    await isSound(page, `${name}: preview`)
    await looked(page, `${name}-4-preview`)
    await on(page, 'commit').click()
    await on(page, 'done').waitFor()
    await isSound(page, `${name}: done`)
    await looked(page, `${name}-5-done`)
    const list = await page.request.get('/api/v1/terminals?limit=1')
    assert.equal((await list.json()).counts.running, 120)

    // The same again adds nothing.
    await page.goto('/imports')
    await page.locator('[data-test="import-file"]').setInputFiles(table(120, { merchant }))
    await on(page, 'count-unchanged').filter({ hasText: '120' }).waitFor()
    assert.equal(await on(page, 'commit').count(), 0)
  })
}
