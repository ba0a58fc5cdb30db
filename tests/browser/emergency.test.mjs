// Whoever cannot sign in reports a loss all the same: an address, the code in its real mailbox, the terminal. In both languages.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isSound, launch, on, open } from './browser.mjs'
import { startHouse } from './house.mjs'
import { startMail } from './mail.mjs'

const LOGIN = { user: 'stop@shop.example', password: 'Kettle & 9 cups?' }
/** Where pictures of each step go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS
const PEOPLE = [
  {
    language: 'zh-CN',
    email: 'lina@shop.example',
    asked: /30 分钟内有效/,
    over: /验证码/,
    done: /已请求停用，尚未确认/,
  },
  {
    language: 'en-GB',
    email: 'lena@shop.example',
    asked: /works for 30 minutes/,
    over: /code/i,
    done: /Stop requested, not confirmed yet/,
  },
]

let browser
let mail
before(async () => ([browser, mail] = await Promise.all([launch(), startMail(LOGIN.user, LOGIN.password)])))
after(async () => {
  await browser?.close()
  await mail?.stop()
})

/** A shop's house with two terminals that an outside acquirer decides, and a mail server. */
async function begin(test, { language, email }) {
  const folder = await mkdtemp(join(tmpdir(), 'tillguard-emergency-'))
  const house = await startHouse({ env: { SSL_CERT_FILE: mail.roots } })
  test.after(async () => {
    await house.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const call = async (method, path, body, token) => {
    const headers = {
      'Content-Type': 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
    }
    const answer = await fetch(`${house.url}api/v1${path}`, { method, headers, body: JSON.stringify(body) })
    const told = await answer.json()
    assert.ok(answer.ok, `${method} ${path}: ${JSON.stringify(told)}`)
    return told
  }
  const { token } = await call('POST', '/setup', {
    token: new URL(house.setUpUrl).searchParams.get('token'),
    mode: 'shop',
    language: language.slice(0, 2),
    time_zone: 'Asia/Shanghai',
    currency: 'CNY',
    merchant: { name: '福记小吃' },
    account: { login: 'owner', name: '李娜', password: 'teapot-in-the-rain', email },
  })
  const shop = await call('POST', '/shops', { name: '城南店', address: '青石街 8 号' }, token)
  for (const [terminal_id, name] of [
    ['10450001', '前台 1 号机'],
    ['10450002', '外卖窗口'],
  ]) {
    const terminal = {
      terminal_id,
      serial: `N3A${terminal_id}`,
      model: 'A8',
      name,
      shop_id: shop.id,
      control: 'outside',
    }
    await call('POST', '/terminals', terminal, token)
  }
  const server = `smtps://${encodeURIComponent(LOGIN.user)}:${encodeURIComponent(LOGIN.password)}@127.0.0.1:${mail.port}`
  await call('PUT', '/settings', { smtp_url: server, mail_from: LOGIN.user }, token)
  return { house, call, token }
}

for (const person of PEOPLE) {
  test(
    `a loss is reported by a code that came by mail (${person.language})`,
    { timeout: 120_000 },
    async (test) => {
      const { house, call, token } = await begin(test, person)
      const page = await open(browser, house, { language: person.language, zone: 'Asia/Shanghai' })
      let count = 0
      const looked = async (name) => {
        await isSound(page, name)
        count += 1
        if (SHOTS)
          await page.screenshot({
            path: `${SHOTS}/emergency-${person.language}-${count}-${name}.png`,
            fullPage: true,
          })
      }
      await page.goto('/login')
      await on(page, 'to-emergency').click()
      await on(page, 'contact').fill(person.email)
      await looked('ask')
      await on(page, 'ask-code').click()
      await on(page, 'asked').waitFor()
      assert.match(await on(page, 'asked').innerText(), person.asked)
      await looked('code')
      // A wrong one says so, and nothing more.
      await on(page, 'code').fill('0000-0000-0000')
      await on(page, 'open-code').click()
      await on(page, 'code-problem').waitFor()
      const [{ subject, text }] = await mail.mails(1, ({ to }) => to === person.email)
      assert.match(subject, person.over)
      assert.ok(!text.includes('http'), text)
      const [code] = text.match(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/)
      await on(page, 'code').fill(code.toLowerCase())
      await on(page, 'open-code').click()
      await on(page, 'terminal-10450002').click()
      await page.locator('label:has([data-test="manner-stolen"])').click()
      await looked('which')
      await on(page, 'report-it').click()
      await on(page, 'reported').waitFor()
      const told = await on(page, 'reported').innerText()
      assert.match(told, person.done)
      assert.match(told, /外卖窗口/)
      assert.equal(await on(page, 'reported').getAttribute('data-stopped'), 'false')
      await looked('done')
      const { items } = await call('GET', '/incidents', undefined, token)
      assert.deepEqual(
        items.map((one) => [one.terminal_id, one.state]),
        [['10450002', 'open']],
      )
      const { items: happened } = await call('GET', `/incidents/${items[0].id}/timeline`, undefined, token)
      assert.ok(happened.some((one) => one.kind === 'by_code'))
      // The code is used up, and no log holds it.
      await page.goto('/emergency')
      await on(page, 'have-code').click()
      await on(page, 'code').fill(code)
      await on(page, 'open-code').click()
      await on(page, 'terminal-10450001').click()
      await on(page, 'report-it').click()
      await on(page, 'report-problem').waitFor()
      await looked('used-up')
      const letters = code.replaceAll('-', '')
      assert.ok(!house.said().includes(code) && !house.said().includes(letters), 'the log holds the code')
    },
  )
}
