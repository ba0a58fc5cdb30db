// The first hour of a shop whose acquirer never heard of us, from the printed address to a stop that nobody confirms: by taps and
// typing alone, on a phone, with a real mail server, in both languages.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isSound, launch, on, open } from './browser.mjs'
import { startHouse } from './house.mjs'
import { startMail } from './mail.mjs'
import { Person } from './person.mjs'

/** What the README promises for the set-up. */
const SET_UP_MS_MAX = 600_000
const MINUTE_MS = 60_000
const LOGIN = { user: 'stop@shop.example', password: 'Kettle & 9 cups?' }
/** Where pictures of each step go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS

const WALKS = [
  {
    language: 'zh-CN',
    zone: 'Asia/Shanghai',
    currency: 'CNY',
    merchant: '福记小吃',
    name: '李娜',
    email: 'lina@shop.example',
    shop: ['城南店', '城南区青石街 8 号'],
    terminals: [
      { serial: 'N3A0417731', tid: '10450001', model: 'Landi A8', name: '前台 1 号机' },
      { serial: 'N3A0417750', tid: '10450002', name: '外卖窗口' },
    ],
    acquirer: '通汇收单',
    /** Skipped at the first terminal, and found again on the first page. */
    acquirerLater: true,
    words: {
      asked: /已请求停用，尚未确认/,
      confirmed: /对方已确认停用/,
      late: /还没有确认停用/,
      home: /等了 4 小时.*还没有确认，请打电话催/,
      told: [/报失的人/, /店主和店长/, /店主、店长和运行本系统的人/],
      again: (count) => `第 ${count} 封`,
    },
  },
  {
    language: 'en-GB',
    zone: 'Europe/London',
    currency: 'GBP',
    merchant: 'Fern & Sons',
    name: 'Lena Fern',
    email: 'lena@shop.example',
    shop: ['Mill Lane', '8 Mill Lane, Lowtown'],
    terminals: [
      { serial: 'V1P400817731', tid: '20450001', model: 'P400', name: 'Front counter' },
      { serial: 'V1P400817750', tid: '20450002', name: 'Back window' },
    ],
    acquirer: 'Northway Payments',
    words: {
      asked: /Stop requested, not yet confirmed/,
      confirmed: /They confirmed the stop/,
      late: /Still not confirmed/,
      home: /Not confirmed for 4 h.*: call them/,
      told: [/who reported it/, /the owner and the shop’s managers/, /whoever runs this system/],
      again: (count) => `no. ${count}`,
    },
  },
]
const CONTACT = { hotline: '400-000-0118', email: 'stop@acquirer.example' }

let browser
let mail
before(async () => ([browser, mail] = await Promise.all([launch(), startMail(LOGIN.user, LOGIN.password)])))
after(async () => {
  await browser?.close()
  await mail?.stop()
})

/** A house whose clock this test may step, and that trusts the mail server as anybody makes it: by `SSL_CERT_FILE`. */
async function begin(test, { language, zone }) {
  const folder = await mkdtemp(join(tmpdir(), 'tillguard-walk-'))
  const clock = join(folder, 'clock')
  const env = { SSL_CERT_FILE: mail.roots, TILLGUARD_CLOCK_FILE: clock }
  const house = await startHouse({ program: process.env.TILLGUARD_CLOCK_BIN, env })
  test.after(async () => {
    await house.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const page = await open(browser, house, { language, zone })
  let count = 0
  const looked = async (name) => {
    count += 1
    const path = `${SHOTS}/${language}-${String(count).padStart(2, '0')}-${name}.png`
    if (SHOTS) await page.screenshot({ path, fullPage: true })
  }
  return {
    house,
    page,
    looked,
    person: new Person(),
    /** Lets so much time have passed since the start. */
    passed: (ms) => writeFile(clock, String(ms)),
  }
}

/** The present on a shop's clock, as a field for day and time takes it. */
const presentIn = (timeZone) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
    .format()
    .replace(' ', 'T')

async function setUp({ page, person, house, looked }, walk) {
  const [, address] = house.printed().match(/^set up\s+(\S+)$/m)
  await page.goto(address)
  await person.tap(on(page, 'mode-shop'))
  await looked('who')
  await person.tap(on(page, 'next'))
  await person.type(on(page, 'merchant'), walk.merchant)
  if ((await on(page, 'currency').inputValue()) !== walk.currency)
    await person.choose(on(page, 'currency'), walk.currency)
  await looked('where')
  await person.tap(on(page, 'next'))
  await person.type(on(page, 'login'), 'owner')
  await person.type(on(page, 'name'), walk.name)
  await person.type(on(page, 'email'), walk.email)
  await person.type(on(page, 'password'), 'teapot-in-the-rain')
  await person.type(on(page, 'again'), 'teapot-in-the-rain')
  await looked('account')
  await person.tap(on(page, 'next'))
  await on(page, 'begin-terminal').waitFor()
  await looked('home')
}

async function addTerminals({ page, person, looked }, { terminals, shop, acquirer, acquirerLater }) {
  await person.tap(on(page, 'begin-terminal'))
  for (const [nth, terminal] of terminals.entries()) {
    await person.type(on(page, 'serial'), terminal.serial)
    await person.type(on(page, 'tid'), terminal.tid)
    if (terminal.model) await person.type(on(page, 'model'), terminal.model)
    await person.type(on(page, 'name'), terminal.name)
    if (nth === 0) {
      await person.type(on(page, 'shop-name'), shop[0])
      await person.type(on(page, 'shop-address'), shop[1])
    }
    if (nth === 0 && !acquirerLater) {
      await person.type(on(page, 'acquirer-name'), acquirer)
      await person.type(on(page, 'acquirer-hotline'), CONTACT.hotline)
      await person.type(on(page, 'acquirer-email'), CONTACT.email)
    }
    await looked(`terminal-${nth + 1}`)
    await person.tap(on(page, 'save'))
    await on(page, 'added').getByText(terminal.tid).waitFor()
  }
  assert.equal(await page.evaluate(() => window.scrollY), 0, 'what was added is out of sight')
  await looked('terminals-added')
  await person.tap(on(page, 'all-added'))
  await on(page, 'still-mail').waitFor()
  await isSound(page, 'what is still to do')
  await looked('still-to-do')
  if (!acquirerLater) return
  await person.tap(on(page, 'still-acquirer'))
  await person.tap(page.locator('label:has([data-test="kind-acquirer"])'))
  await person.type(on(page, 'name'), acquirer)
  await person.type(on(page, 'hotline'), CONTACT.hotline)
  await person.type(on(page, 'email'), CONTACT.email)
  await looked('acquirer')
  // Whoever was sent there comes back to where the question was.
  await person.tap(on(page, 'save'))
  await on(page, 'still-mail').waitFor()
  await looked('acquirer-kept')
}

async function setUpMail({ page, person, looked }) {
  await on(page, 'still-mail').waitFor()
  assert.equal(await on(page, 'still-acquirer').count(), 0)
  await person.tap(on(page, 'still-mail'))
  const { user, password } = LOGIN
  await person.type(on(page, 'mail-from'), user)
  await person.type(on(page, 'smtp-server'), `127.0.0.1:${mail.port}`)
  await person.type(on(page, 'smtp-user'), user)
  await person.type(on(page, 'smtp-password'), password)
  await looked('mail')
  await person.tap(on(page, 'test-mail'))
  await on(page, 'mail-tested', '[data-ready="ready"]').waitFor()
  await looked('mail-tested')
  await person.tap(on(page, 'save-mail'))
  await on(page, 'saved').waitFor()
  await looked('mail-saved')
  await person.tap(on(page, 'nav-home'))
  await on(page, 'report').waitFor()
  assert.equal(await on(page, 'still').count(), 0)
  await looked('home')
}

/** Reports a terminal and waits until its letter has left; answers the incident's id. */
async function report({ page, person, looked }, { tid }) {
  await person.tap(on(page, 'report'))
  await on(page, 'report-terminal').first().waitFor()
  await looked('which')
  await person.tap(page.locator(`[data-terminal="${tid}"]:visible`))
  await on(page, 'confirm').waitFor()
  await looked('report')
  await person.tap(on(page, 'confirm'))
  await on(page, 'letter', '[data-state="sent"]').waitFor()
  await looked('requested')
  return new URL(page.url()).pathname.split('/').at(-1)
}

/** That the newest mail, the page and the API have one and the same letter. Its digest. */
async function sameLetter({ page, person }, id, count) {
  const told = await page.evaluate(async (id) => (await fetch(`/api/v1/incidents/${id}`)).json(), id)
  const answer = told.stop_request
  const isIt = ({ to, subject }) => to === CONTACT.email && subject.includes(answer.number)
  const mine = await mail.mails(count, isIt)
  const repeated = mine.filter(({ subject }) => /no\. \d/.test(subject))
  assert.deepEqual([mine.length, repeated.length], [count, count - 1])
  await person.tap(page.locator('details[data-test="request"] > summary'))
  await person.tap(page.locator('#request .within summary'))
  const digest = (await on(page, 'letter-digest').innerText()).trim()
  const shown = await page.locator('#request blockquote').textContent()
  for (const { from, text } of mine) {
    assert.equal(from, LOGIN.user)
    const letter = text.replaceAll('\r\n', '\n')
    assert.equal(letter, `${answer.text_zh}\n\n${answer.text_en}`)
    assert.ok(letter.includes(shown.trim()), 'the page shows another letter')
    assert.ok(letter.includes(answer.number))
    assert.equal(createHash('sha256').update(letter).digest('hex'), digest)
  }
  assert.equal(answer.sha256, digest)
  assert.equal((await page.locator('#request .copy .id').first().innerText()).trim(), answer.number)
  await person.tap(page.locator('details[data-test="request"] > summary'))
}

async function confirm({ page, person, looked }, { zone, words }) {
  await person.tap(on(page, 'confirm-open'))
  await person.type(on(page, 'confirm-reference'), 'GS-0417')
  await person.type(on(page, 'confirm-by'), '0317')
  await person.turn(on(page, 'confirm-at'), presentIn(zone))
  await looked('they-confirmed')
  await person.tap(on(page, 'confirm-stop'))
  assert.match(await on(page, 'confirmation').innerText(), /GS-0417/)
  assert.match(await on(page, 'asked').innerText(), words.confirmed)
  await person.tap(page.locator('details[data-test="receipts"] > summary'))
  await on(page, 'receipt-state').first().waitFor()
  const states = await on(page, 'receipt-state').evaluateAll((all) => all.map((one) => one.dataset.state))
  assert.deepEqual(states, Array(6).fill('confirmed'))
  await looked('confirmed')
}

/** A quarter of an hour, an hour, four hours: nobody confirms. The page, which nobody touches, says so, and the mailbox does. */
async function waitInVain({ page, looked, passed }, { words, email }) {
  for (const [nth, minutes] of [15, 60, 240].entries()) {
    // A little more: the report came some time after the clock was started.
    await passed((minutes + 2) * MINUTE_MS)
    await page.locator('[data-test="reminded"]', { hasText: words.told[nth] }).waitFor()
    assert.match(await on(page, 'reminded').innerText(), new RegExp(String(nth + 1)))
    assert.match(await on(page, 'asked').innerText(), words.late)
    const reminders = await mail.mails(nth + 1, ({ to }) => to === email)
    assert.equal(reminders.length, nth + 1)
    for (const { text } of reminders) assert.ok(text.includes(CONTACT.hotline), text)
    const again = words.again(nth + 1)
    if (nth) await page.locator('[data-test="letter"][data-state="sent"]', { hasText: again }).waitFor()
    await looked(`after-${minutes}-minutes`)
  }
}

for (const walk of WALKS) {
  test(
    `a shop is set up, loses two terminals, and one is confirmed (${walk.language})`,
    { timeout: 180_000 },
    async (test) => {
      const began = Date.now()
      const at = await begin(test, walk)
      const { page, person, words = walk.words } = at
      await setUp(at, walk)
      await addTerminals(at, walk)
      await setUpMail(at)
      const { taps, keys, slow_ms } = person
      assert.ok(slow_ms < SET_UP_MS_MAX, `${taps} taps and ${keys} keys are too many for ten minutes`)
      const set_up_ms = Date.now() - began

      const first = await report(at, walk.terminals[0])
      assert.match(await on(page, 'asked').innerText(), words.asked)
      assert.equal(await on(page, 'call').getAttribute('href'), 'tel:4000000118')
      await sameLetter(at, first, 1)
      await confirm(at, walk)

      await person.tap(on(page, 'nav-home'))
      const second = await report(at, walk.terminals[1])
      await waitInVain(at, walk)
      await sameLetter(at, second, 3)
      await isSound(page, 'four hours later')
      await person.tap(page.locator('details[data-test="timeline"] > summary'))
      await on(page, 'timeline-item').first().waitFor()
      const reminded = await on(page, 'timeline-item', '[data-kind="reminded"]').allInnerTexts()
      assert.equal(reminded.length, 3)
      reminded.reverse().forEach((told, nth) => assert.match(told, words.told[nth]))
      await at.looked('time-line')
      await person.tap(on(page, 'nav-home'))
      await on(page, 'requested').waitFor()
      assert.match(await on(page, 'open-incidents').innerText(), words.home)
      await isSound(page, 'home, four hours later')
      await at.looked('home')
      test.diagnostic(
        `set-up: ${taps} taps, ${keys} keys, ${Math.round(slow_ms / 1_000)} s for a slow person; ` +
          `${Math.round(set_up_ms / 1_000)} s here. All of it: ${person.taps} taps, ${person.keys} keys, ` +
          `${Math.round((Date.now() - began) / 1_000)} s here`,
      )
    },
  )
}
