// The first run in the browser: from the printed address to a house that is set up, in both languages, on a phone and a desk.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, isSound, launch, on, open, PHONE } from './browser.mjs'
import { startHouse } from './house.mjs'

const PASSWORD = 'teapot-in-the-rain'
/** Where pictures of each step go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS

let browser
before(async () => (browser = await launch()))
after(async () => await browser?.close())

const looked = (page, name) =>
  SHOTS && page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true }).then(() => {})

/** A house of this test's own, and a page that has told every address it asked for and came from. */
async function first(test, options) {
  const house = await startHouse()
  test.after(() => house.stop())
  const page = await open(browser, house, options)
  const asked = []
  page.on('request', async (request) => {
    const { referer } = await request.allHeaders().catch(() => ({}))
    asked.push({ url: request.url(), referer })
  })
  return { house, page, asked, token: new URL(house.setUpUrl).searchParams.get('token') }
}

async function fillPerson(page, login = 'li.na') {
  await on(page, 'login').fill(login)
  await on(page, 'name').fill('李娜')
  await on(page, 'password').fill(PASSWORD)
  await on(page, 'again').fill(PASSWORD)
}

for (const [name, options, words] of [
  ['a-phone-zh', { size: PHONE, language: 'zh-CN' }, /你是哪一种/],
  [
    'b-phone-en-dark',
    { size: PHONE, language: 'en-GB', zone: 'Europe/London', theme: 'dark' },
    /Who are you/,
  ],
  ['c-desk-zh-dark', { size: DESK, language: 'zh-CN', theme: 'dark' }, /你是哪一种/],
  ['d-desk-en', { size: DESK, language: 'en-US', zone: 'Asia/Kolkata' }, /Who are you/],
]) {
  test(`a shop is set up in three steps: ${name}`, { timeout: 120_000 }, async (test) => {
    const { house, page, asked, token } = await first(test, options)
    await page.goto(house.setUpUrl)
    await on(page, 'next').waitFor()
    assert.equal(new URL(page.url()).search, '', 'the token stays in the address')
    assert.match(await page.locator('main').innerText(), words)
    await isSound(page, `${name}: mode`)
    await looked(page, `${name}-1`)
    await on(page, 'next').click()
    await page.getByRole('alert').first().waitFor()
    await on(page, 'mode-shop').check()
    await on(page, 'next').click()
    await on(page, 'merchant').waitFor()
    assert.equal(await on(page, 'house-language').inputValue(), options.language.slice(0, 2))
    const zone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone)
    assert.equal(await on(page, 'time-zone').inputValue(), zone)
    await on(page, 'next').click()
    await on(page, 'field-problem').first().waitFor()
    await on(page, 'merchant').fill('福记小吃')
    await on(page, 'currency').selectOption('CNY')
    await isSound(page, `${name}: house`)
    await looked(page, `${name}-2`)
    await on(page, 'next').click()
    await on(page, 'login').waitFor()
    // Back and on again loses nothing.
    await on(page, 'back').click()
    await on(page, 'merchant').waitFor()
    assert.equal(await on(page, 'merchant').inputValue(), '福记小吃')
    await on(page, 'next').click()
    await fillPerson(page)
    await on(page, 'again').fill('teapot-in-the-sun')
    await on(page, 'next').click()
    await on(page, 'field-problem').waitFor()
    await on(page, 'again').fill('password1')
    await on(page, 'password').fill('password1')
    await on(page, 'next').click()
    // What only the server knows stands beside its field too, by the name it has there.
    await on(page, 'field-problem').waitFor()
    assert.match(await on(page, 'field-problem').innerText(), /^(密码：太常见|Password is too common)/)
    await isSound(page, `${name}: a password that is too common`)
    await fillPerson(page)
    await looked(page, `${name}-3`)
    await on(page, 'next').click()
    await on(page, 'begin-acquirer').waitFor()
    assert.equal(new URL(page.url()).pathname, '/')
    await isSound(page, `${name}: home`)
    await looked(page, `${name}-4`)
    await on(page, 'begin-mail').click()
    await on(page, 'save-mail').waitFor()
    assert.equal(await on(page, 'host-address').count(), 0, 'a shop needs no host')
    await isSound(page, `${name}: settings`)
    await looked(page, `${name}-6`)
    await page.goBack()
    await on(page, 'begin-acquirer').waitFor()

    const told = asked.filter(({ url, referer }) => (url + referer).includes(token))
    assert.deepEqual(
      told.map(({ url }) => url),
      [house.setUpUrl],
      'the token is in no address but the one that was opened',
    )
    await page.goBack()
    assert.ok(!page.url().includes(token), 'the token is in the history')
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
    assert.ok(!kept.includes(token) && !kept.includes(PASSWORD), 'a secret is kept in the browser')
    assert.ok(!house.said().includes(token) && !house.said().includes(PASSWORD), 'a secret is in the log')

    // The address is worth nothing any more, here or in another browser.
    const other = await open(browser, house, options)
    await other.goto(house.setUpUrl)
    await on(other, 'to-login').waitFor()
    await isSound(other, `${name}: set up already`)
    await looked(other, `${name}-5`)
    await on(other, 'to-login').click()
    await on(other, 'login').fill('li.na')
    await on(other, 'password').fill(PASSWORD)
    await on(other, 'submit').click()
    await on(other, 'begin-acquirer').waitFor()
    assert.equal((await house.ready()).setup_url, null)
  })
}

test(
  'whoever has no address is told where it is, and no page is shown before it',
  { timeout: 60_000 },
  async (test) => {
    const { house, page } = await first(test, {})
    for (const path of ['/', '/login', '/terminals', '/setup']) {
      await page.goto(path)
      await on(page, 'no-token').waitFor()
      assert.equal(new URL(page.url()).pathname, '/setup')
      assert.match(await page.locator('main').innerText(), /设置地址/)
    }
    await isSound(page, 'no address')
    await looked(page, 'e-no-address')
    // An address of an earlier start says so, and nothing was done.
    await page.goto(`/setup?token=${'A'.repeat(43)}`)
    await on(page, 'mode-acquirer').check()
    await on(page, 'next').click()
    await on(page, 'currency').selectOption('CNY')
    await on(page, 'next').click()
    await fillPerson(page)
    await on(page, 'next').click()
    await page.getByText('重新启动过').waitFor()
    assert.notEqual((await house.ready()).setup_url, null)
  },
)

test(
  'an acquirer ends at the desk and connects its host in the settings',
  { timeout: 120_000 },
  async (test) => {
    const { house, page } = await first(test, { size: DESK, language: 'en' })
    await page.goto(house.setUpUrl)
    await on(page, 'mode-acquirer').check()
    await on(page, 'next').click()
    assert.equal(await on(page, 'merchant').count(), 0)
    await on(page, 'currency').selectOption('EUR')
    await on(page, 'next').click()
    await fillPerson(page, 'risk')
    await on(page, 'next').click()
    await page.waitForURL((url) => url.pathname === '/incidents')
    await on(page, 'connect-host').waitFor()
    await isSound(page, 'the empty desk')
    await looked(page, 'f-desk')
    await on(page, 'connect-host').click()
    await on(page, 'gate-source').waitFor()
    await on(page, 'host-address').fill('nowhere')
    await on(page, 'save-host').click()
    await on(page, 'field-problem').waitFor()
    const { port } = new URL(house.url)
    await on(page, 'host-address').fill(`127.0.0.1:${port}`)
    await on(page, 'test-host').click()
    await on(page, 'host-tested').waitFor()
    await on(page, 'acquirer-code').fill('48273050')
    await on(page, 'mac-key').fill('0123456789ABCDEF')
    await on(page, 'save-host').click()
    await page.getByText('The two keys go together').waitFor()
    await on(page, 'pin-key').fill('0123456789ABCDEF')
    await on(page, 'save-host').click()
    await on(page, 'saved').waitFor()
    assert.equal(await on(page, 'mac-key').inputValue(), '', 'a key stays on the page')
    await on(page, 'mail-from').fill('stop@acquirer.example')
    await on(page, 'smtp-user').fill('stop')
    await on(page, 'smtp-password').fill('s3cret')
    await on(page, 'save-mail').click()
    await on(page, 'field-problem').waitFor()
    await on(page, 'smtp-server').fill('127.0.0.1:1')
    await on(page, 'smtp-security').selectOption('none')
    // What is typed is tried as it is, and what comes of it is said: nothing listens there.
    await on(page, 'test-mail').click()
    await on(page, 'mail-tested', '[data-ready="not_reached"]').waitFor()
    assert.doesNotMatch(await on(page, 'mail-tested').innerText(), /s3cret/)
    await on(page, 'save-mail').click()
    await on(page, 'smtp-away').waitFor()
    await isSound(page, 'settings')
    await looked(page, 'g-settings')
    await page.reload()
    await on(page, 'smtp-away').waitFor()
    assert.equal(await on(page, 'mail-from').inputValue(), 'stop@acquirer.example')
    assert.ok(!(await page.content()).includes('s3cret'))
  },
)
