// An estate that people set up themselves: two shops' terminals added on a phone, a manager invited, who then reports one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asked, countIs, DESK, isSound, launch, on, open, PHONE } from './browser.mjs'
import { startHouse } from './house.mjs'

const PASSWORD = 'teapot-in-the-rain'
/** Where pictures of each step go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS

let browser
before(async () => (browser = await launch()))
after(async () => await browser?.close())

const looked = (page, name) =>
  SHOTS && page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true }).then(() => {})

/** A shop whose owner is signed in. */
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
    account: { login: 'li.na', name: '李娜', password: PASSWORD },
  }
  const done = await page.request.post('/api/v1/setup', { data: said })
  assert.equal(done.status(), 201)
  return { house, page }
}

async function describe(page, serial, tid, name) {
  await on(page, 'serial').fill(serial)
  await on(page, 'tid').fill(tid)
  await on(page, 'model').fill('云展 Y90')
  await on(page, 'name').fill(name)
}

for (const [name, options] of [
  ['a-phone-zh', { size: PHONE, language: 'zh-CN' }],
  ['b-phone-en-dark', { size: PHONE, language: 'en-GB', theme: 'dark' }],
  ['c-desk-zh-dark', { size: DESK, language: 'zh-CN', theme: 'dark' }],
]) {
  test(`two shops and a manager who reports: ${name}`, { timeout: 240_000 }, async (test) => {
    const { house, page } = await shop(test, options)
    await page.goto('/')
    await on(page, 'begin-terminal').click()
    await on(page, 'serial').waitFor()
    assert.match(await on(page, 'control-words').innerText(), /已请求|“requested”/)
    await isSound(page, `${name}: add`)
    await looked(page, `${name}-1-add`)
    // What is missing is said beside it, and nothing is sent.
    await on(page, 'save').click()
    await on(page, 'field-problem').first().waitFor()
    await describe(page, 'YZ 9030495193', '30501101', '前台 1 号机')
    await on(page, 'shop-name').fill('城南店')
    await on(page, 'shop-address').fill('福州市台江区工业路 1 号')
    await on(page, 'acquirer-name').fill('澄湖支付')
    await on(page, 'acquirer-hotline').fill('400-000-0117')
    await on(page, 'acquirer-email').fill('stop@acquirer.example')
    await on(page, 'save').click()
    await on(page, 'added').waitFor()
    assert.match(await on(page, 'added').innerText(), /30501101/)
    await isSound(page, `${name}: added`)
    await looked(page, `${name}-2-added`)

    // The same serial again is refused in words that say where it is.
    await describe(page, 'YZ9030495193', '30501102', '前台 2 号机')
    await on(page, 'save').click()
    await page.getByRole('alert').filter({ hasText: '前台 1 号机' }).waitFor()
    assert.equal(await on(page, 'acquirer').count(), 0, 'whom to call is asked once')

    await page.goto('/shops/new')
    await on(page, 'name').fill('城北店')
    await on(page, 'address').fill('福州市晋安区二环路 2 号')
    await on(page, 'save').click()
    await on(page, 'add-terminal').click()
    await on(page, 'serial').waitFor()
    await describe(page, 'HT3558247038', '30501108', '外带窗口')
    assert.notEqual(await on(page, 'shop').inputValue(), '')
    // One that a provider's interface can stop: what it is called there must be said.
    await on(page, 'at-provider').selectOption('stripe')
    await on(page, 'save').click()
    await on(page, 'field-problem').waitFor()
    await on(page, 'device-id').fill('tmr_0417')
    await isSound(page, `${name}: at a provider`)
    await on(page, 'save').click()
    await on(page, 'added').waitFor()
    await page.goto('/terminals/30501108')
    await on(page, 'about').waitFor()
    assert.match(await on(page, 'about').innerText(), /Stripe · tmr_0417/)
    await page.goto('/shops')
    await on(page, 'shop-row').nth(1).waitFor()
    await isSound(page, `${name}: shops`)
    await looked(page, `${name}-3-shops`)

    // A manager is invited to the first shop by a link that is shown once.
    await page.goto('/people')
    await on(page, 'invite').click()
    await on(page, 'person-name').fill('王店长')
    await on(page, 'person-shop').selectOption({ label: '城南店' })
    await on(page, 'person-save').click()
    await on(page, 'join-link').waitFor()
    const link = /http\S+\/join#\S{43}/.exec(await on(page, 'join-link').innerText())[0]
    await isSound(page, `${name}: the link`)
    await looked(page, `${name}-4-link`)
    await on(page, 'link-done').click()
    await on(page, 'add-operator').click()
    await on(page, 'operator').fill('001')
    await on(page, 'operator-name').fill('收银员 01')
    await on(page, 'operator-password').fill('246810')
    await on(page, 'operator-save').click()
    await on(page, 'operator-row').waitFor()
    await isSound(page, `${name}: people`)
    await looked(page, `${name}-5-people`)

    const other = await open(browser, house, options)
    const asked = []
    other.on('request', (request) => asked.push(request.url()))
    await other.goto(link)
    await on(other, 'login').fill('wang')
    await isSound(other, `${name}: join`)
    await looked(other, `${name}-6-join`)
    await on(other, 'password').fill('rain-on-the-window')
    await on(other, 'join').click()
    await on(other, 'terminal-row').waitFor()
    await countIs(on(other, 'terminal-row'), 1, 'one shop is seen')
    const token = link.split('#')[1]
    assert.ok(!asked.some((url) => url.includes(token)), 'the token is in an address that was asked for')
    assert.ok(!house.said().includes(token), 'the token is in the log')
    const again = await open(browser, house, options)
    await again.goto(link)
    await on(again, 'over').waitFor()

    // And reports its terminal: asked for, not stopped.
    await on(other, 'report').first().click()
    await on(other, 'report-terminal', '[data-terminal="30501101"]').click()
    await on(other, 'confirm').click()
    await on(other, 'asked').waitFor()
    await looked(other, `${name}-9-reported`)
    assert.match(await on(other, 'asked').innerText(), /已请求停用|Stop requested/)
    await page.goto('/terminals/30501101')
    await on(page, 'about').waitFor()
    await isSound(page, `${name}: terminal`)
    await looked(page, `${name}-7-terminal`)
    // Retired is what is in nobody's hands, and comes back.
    await page.goto('/terminals/30501108')
    await on(page, 'retire').click()
    await looked(page, `${name}-8-retire`)
    await on(page, 'keep').click()
    await on(page, 'restore').waitFor()
    await on(page, 'restore').click()
    await on(page, 'retire').waitFor()
  })
}

test(
  'who has no number to call writes it down in the middle of a loss, and is back with it',
  {
    timeout: 240_000,
  },
  async (test) => {
    const { page } = await shop(test, { size: PHONE, language: 'zh-CN' })
    await page.goto('/')
    const add = async (path, data) => {
      const { status, body } = await asked(page, 'POST', path, data)
      assert.equal(status, 201, path)
      return body
    }
    const { id } = await add('/shops', { name: '城南店', address: '福州市台江区工业路 1 号' })
    const terminal = {
      serial: 'YZ9030495193',
      terminal_id: '30501101',
      model: '云展 Y90',
      name: '前台 1 号机',
    }
    await add('/terminals', { ...terminal, control: 'outside', shop_id: id })
    // There is nowhere to move it to, which is said.
    await page.goto('/terminals/30501101')
    await on(page, 'move').click()
    await on(page, 'no-other-shop').waitFor()
    await page.goto('/report/30501101')
    await on(page, 'confirm').click()
    await on(page, 'asked').waitFor()
    const incident = page.url()
    assert.equal(await on(page, 'call').count(), 0)
    await on(page, 'keep-number').click()
    assert.ok(await page.getByRole('radio', { name: '收单机构' }).isChecked(), 'what it is for is known')
    await on(page, 'name').fill('澄湖支付')
    await on(page, 'hotline').fill('400-000-0117')
    await isSound(page, 'a number to keep')
    await on(page, 'save').click()
    await on(page, 'call').waitFor()
    assert.equal(page.url(), incident)
    assert.equal(await on(page, 'call').getAttribute('href'), 'tel:4000000117')
    await isSound(page, 'a loss with a number')
  },
)

for (const [name, options] of [
  ['d-desk-zh', { size: DESK, language: 'zh-CN' }],
  ['e-phone-en-dark', { size: PHONE, language: 'en-GB', theme: 'dark' }],
]) {
  test(
    `an acquirer signs a merchant, changes it, and retires it: ${name}`,
    { timeout: 240_000 },
    async (test) => {
      const house = await startHouse()
      test.after(() => house.stop())
      const page = await open(browser, house, options)
      const done = await page.request.post('/api/v1/setup', {
        data: {
          token: new URL(house.setUpUrl).searchParams.get('token'),
          mode: 'acquirer',
          language: 'zh',
          time_zone: 'Asia/Shanghai',
          currency: 'CNY',
          account: { login: 'zhou', name: '周敏', password: PASSWORD },
        },
      })
      assert.equal(done.status(), 201)
      await page.goto('/terminals')
      await on(page, 'merchants').click()
      await on(page, 'empty').waitFor()
      await isSound(page, `${name}: no merchants`)
      await on(page, 'add-merchant').click()
      await on(page, 'save').click()
      await on(page, 'field-problem').first().waitFor()
      await on(page, 'name').fill('福记小吃')
      await on(page, 'merchant').fill('899305058140017')
      await on(page, 'trade').fill('小吃')
      // A digit typed wrong is refused beside its field, and nothing is written.
      await on(page, 'code').fill('91110101MA0TXXX114')
      await on(page, 'save').click()
      await on(page, 'field-problem')
        .filter({ hasText: /信用代码|credit code/ })
        .waitFor()
      await isSound(page, `${name}: a wrong code`)
      await looked(page, `${name}-1-add`)
      await on(page, 'code').fill('91110101ma0txxx113')
      await on(page, 'save').click()
      await on(page, 'facts').filter({ hasText: '91110101MA0TXXX113' }).waitFor()

      // Its shop is added from it, and leads back.
      await on(page, 'add-shop').click()
      await on(page, 'name').fill('城南店')
      await on(page, 'address').fill('福州市台江区工业路 1 号')
      assert.equal(await on(page, 'merchant').inputValue(), '899305058140017')
      await on(page, 'save').click()
      await on(page, 'its-merchant').click()
      await on(page, 'shop-row').filter({ hasText: '城南店' }).waitFor()

      // A terminal in use keeps it open.
      const { items } = await (await page.request.get('/api/v1/shops')).json()
      const terminal = {
        serial: 'YZ9030495193',
        terminal_id: '30501101',
        model: '云展 Y90',
        control: 'outside',
      }
      const added = await asked(page, 'POST', '/terminals', { ...terminal, shop_id: items[0].id })
      assert.equal(added.status, 201)
      await page.reload()
      await on(page, 'change').waitFor()
      assert.equal(await on(page, 'retire').count(), 0, 'what has terminals in use is not closed')
      assert.equal((await asked(page, 'POST', '/terminals/30501101/retire', {})).status, 200)
      await page.reload()
      await on(page, 'retire').click()
      await on(page, 'restore').waitFor()
      assert.equal(await on(page, 'add-shop').count(), 0, 'nothing is added to what is closed')
      await on(page, 'restore').click()
      await on(page, 'change').click()
      // What is not touched stays, though the server takes what is unsaid for empty.
      await on(page, 'name').fill('福记小吃店')
      await on(page, 'save').click()
      await page.getByRole('heading', { name: '福记小吃店' }).waitFor()
      await on(page, 'facts').filter({ hasText: '91110101MA0TXXX113' }).filter({ hasText: '小吃' }).waitFor()
      await countIs(on(page, 'events').locator('li'), 4)
      await isSound(page, `${name}: merchant`)
      await looked(page, `${name}-2-merchant`)

      // The same number again is refused.
      await page.goto('/merchants/new')
      await on(page, 'name').fill('别家')
      await on(page, 'merchant').fill('899305058140017')
      await on(page, 'save').click()
      await page.getByRole('alert').waitFor()
      await page.goto('/merchants?q=5814001')
      await on(page, 'merchant-row').waitFor()
      await isSound(page, `${name}: merchants`)
      await looked(page, `${name}-3-merchants`)

      // Its owner changes what is written of it, and neither closes it nor adds another.
      const said = { name: '李娜', role: 'owner', merchant_id: '899305058140017' }
      const invited = await asked(page, 'POST', '/invitations', said)
      assert.equal(invited.status, 201)
      const owner = await open(browser, house, { ...options, size: PHONE })
      await owner.goto(`/join#${invited.body.token}`)
      await on(owner, 'login').fill('li.na')
      await on(owner, 'password').fill(PASSWORD)
      await on(owner, 'join').click()
      await on(owner, 'account').click()
      await on(owner, 'nav-merchants').click()
      await on(owner, 'change').waitFor()
      assert.equal(new URL(owner.url()).pathname, '/merchants/899305058140017')
      assert.equal(await on(owner, 'retire').count(), 0)
      await isSound(owner, `${name}: its owner`)
      await looked(owner, `${name}-4-owner`)
      await owner.goto('/merchants')
      await on(owner, 'merchant-row').waitFor()
      assert.equal(await on(owner, 'add-merchant').count(), 0)
    },
  )
}
