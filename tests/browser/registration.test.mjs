// A merchant signs up by itself on a phone, brings the code from its real mailbox, corrects what is returned; two people at the desk
// decide, and the owner signs in. In both languages, light and dark.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { countIs, DESK, isSound, launch, on, open, PHONE, signIn } from './browser.mjs'
import { startHouse } from './house.mjs'
import { startMail } from './mail.mjs'

const LOGIN = { user: 'house@acquirer.example', password: 'Kettle & 9 cups?' }
const PASSWORD = 'teapot-in-the-rain'
/** Numbers that nobody has. */
const NUMBER = '110101180001010015'
const CODE = '92110101MA0TXXX2XP'
/** Where pictures of each step go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS

const PEOPLE = [
  {
    language: 'zh-CN',
    themes: ['light', 'dark'],
    closed: /不开放自助注册/,
    wrong: /对照证件/,
    review: /等待审核/,
    second: /须由另一人通过/,
    unasked: /没有同意/,
    same: /不证明提交的就是本人/,
    returned: /执照上是另一个名字/,
    accepted: /已通过/,
    mailed: /已通过/,
  },
  {
    language: 'en-GB',
    themes: ['dark', 'light'],
    closed: /takes no registrations/,
    wrong: /compare it with the card/,
    review: /Waiting for a decision/,
    second: /another person accepts/,
    unasked: /did not agree/,
    same: /nothing of who typed them/,
    returned: /执照上是另一个名字/,
    accepted: /Accepted/,
    mailed: /is accepted/,
  },
]

let browser
let mail
before(async () => ([browser, mail] = await Promise.all([launch(), startMail(LOGIN.user, LOGIN.password)])))
after(async () => {
  await browser?.close()
  await mail?.stop()
})

/** An acquirer's house with a mail server, no sender yet, and two people who sign merchants on. It takes no registrations. */
async function begin(test) {
  const house = await startHouse({ env: { SSL_CERT_FILE: mail.roots } })
  test.after(() => house.stop())
  const call = async (method, path, body, token) => {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }
    const answer = await fetch(`${house.url}api/v1${path}`, { method, headers, body: JSON.stringify(body) })
    const told = await answer.json()
    assert.ok(answer.ok, `${method} ${path}: ${JSON.stringify(told)}`)
    return told
  }
  const { token } = await call('POST', '/setup', {
    token: new URL(house.setUpUrl).searchParams.get('token'),
    mode: 'acquirer',
    language: 'zh',
    time_zone: 'Asia/Shanghai',
    currency: 'CNY',
    account: { login: 'risk', name: '风控', password: PASSWORD },
  })
  const server = `smtps://${encodeURIComponent(LOGIN.user)}:${encodeURIComponent(LOGIN.password)}@127.0.0.1:${mail.port}`
  await call('PUT', '/settings', { smtp_url: server }, token)
  const invited = await call('POST', '/invitations', { name: '运营', role: 'operations' }, token)
  await call('POST', '/invitations/accept', {
    token: invited.token,
    login: 'ops',
    name: '运营',
    password: PASSWORD,
  })
  return house
}

for (const person of PEOPLE) {
  test(
    `a merchant signs up and is accepted by two (${person.language})`,
    { timeout: 240_000 },
    async (test) => {
      const house = await begin(test)
      const { language } = person
      const [phoneTheme, deskTheme] = person.themes
      const page = await open(browser, house, { size: PHONE, language, theme: phoneTheme })
      let count = 0
      const looked = async (page, name) => {
        await isSound(page, name)
        count += 1
        if (SHOTS)
          await page.screenshot({
            path: `${SHOTS}/registration-${language}-${String(count).padStart(2, '0')}-${name}.png`,
            fullPage: true,
          })
      }

      // The house takes none yet: nothing leads there, and the page says so.
      await page.goto('/login')
      await on(page, 'submit').waitFor()
      await page.goto('/register')
      await on(page, 'closed').waitFor()
      assert.match(await on(page, 'closed').innerText(), person.closed)
      await page.goto('/login')
      await page.waitForLoadState('networkidle')
      assert.equal(await on(page, 'to-register').count(), 0, 'nothing leads where nobody can sign up')

      const desk = await open(browser, house, { size: DESK, language, theme: deskTheme })
      await signIn(desk, { login: 'risk', password: PASSWORD })
      await desk.goto('/settings')
      await on(desk, 'takes-registrations').check()
      await on(desk, 'identity-provider').selectOption('aliyun')
      await on(desk, 'save-registration').click()
      await on(desk, 'field-problem').first().waitFor()
      // Switched on without a sender, it would take none; an emptied limit is not a limit of none.
      await on(desk, 'no-mail').waitFor()
      await on(desk, 'identity-key-id').fill('AKEXAMPLE')
      await on(desk, 'identity-secret').fill('keys-of-nobody')
      await on(desk, 'identity-limit').fill('')
      await on(desk, 'save-registration').click()
      await desk
        .locator('.field', { has: on(desk, 'identity-limit') })
        .getByRole('alert')
        .waitFor()
      await countIs(on(desk, 'field-problem'), 1)
      await looked(desk, 'settings')
      await on(desk, 'mail-from').fill(LOGIN.user)
      await on(desk, 'save-mail').click()
      await on(desk, 'no-mail').waitFor({ state: 'hidden' })
      await on(desk, 'identity-limit').fill('100')
      await on(desk, 'save-registration').click()
      await on(desk, 'registration-settings').locator('[data-test="saved"]').waitFor()
      await desk.goto('/registrations')
      await on(desk, 'empty').waitFor()
      await looked(desk, 'empty-list')

      // A store that does not say is no house that takes none.
      const silent = (route) =>
        route.fulfill({
          json: { phone: null, mails_codes: null, takes_registrations: null, identity_provider: null },
        })
      await page.route('**/api/v1/hotline', silent)
      await page.goto('/register')
      await on(page, 'unknown').waitFor()
      assert.equal(await on(page, 'closed').count(), 0)
      await looked(page, 'unknown')
      await page.unroute('**/api/v1/hotline', silent)
      await on(page, 'retry').click()
      await on(page, 'register').waitFor()
      await page.goto('/login')
      await on(page, 'to-register').waitFor()
      await looked(page, 'log-in')
      await on(page, 'to-register').click()
      await on(page, 'register').waitFor()
      await looked(page, 'form')
      await on(page, 'register').click()
      await on(page, 'kind-needed').waitFor()
      assert.ok((await on(page, 'field-problem').count()) >= 7, 'every empty field says so')
      await on(page, 'kind-individual').check({ force: true })
      await on(page, 'business-name').fill('福记小吃店')
      await on(page, 'credit-code').fill(CODE)
      await on(page, 'person-name').fill('测试甲')
      await on(page, 'identity-number').fill('110101180001010016')
      await on(page, 'mobile').fill('138 0013 8000')
      const email = `li.na.${language}@shop.example`
      await on(page, 'email').fill(email)
      await on(page, 'login').fill('li.na')
      await on(page, 'password').fill(PASSWORD)
      // What is wrong is said when the field is left, before anything is sent.
      assert.match(await on(page, 'field-problem').innerText(), person.wrong)
      await looked(page, 'wrong-number')
      await on(page, 'identity-number').fill(NUMBER)
      // Nobody has ticked it for the applicant, and who does not is looked at by people.
      assert.equal(await on(page, 'consents').isChecked(), false)
      await on(page, 'register').click()
      await on(page, 'standing', '[data-state="unconfirmed"]').waitFor()
      const link = page.url()
      assert.match(link, /\/registration#[\w-]{43}$/)
      await on(page, 'ends-at').waitFor()
      await looked(page, 'code')

      // The code comes to the mailbox, with the number that stands on the page and nothing that was typed.
      const [letter] = await mail.mails(1, ({ to }) => to.includes(email))
      assert.ok(!letter.text.includes('福记') && !letter.text.includes('li.na'), letter.text)
      const [id] = (await page.locator('header .copy .id').innerText()).match(/[0-9A-Z]{8}/)
      assert.ok(letter.subject.includes(id), `${letter.subject} names ${id}`)
      await on(page, 'code').fill('M701-Z01A-BCDE')
      await on(page, 'confirm').click()
      await on(page, 'code-problem').waitFor()
      // Another link in the same tab shows nothing of this one.
      await page.goto(`${link.split('#')[0]}#${'A'.repeat(43)}`)
      await on(page, 'over').waitFor()
      assert.equal(await on(page, 'standing').count(), 0)
      // The phone's browser was closed meanwhile: the link opens the same page.
      await page.goto('about:blank')
      await page.goto(link)
      await on(page, 'code').fill(letter.text.match(/\w{4}-\w{4}-\w{4}/)[0])
      await on(page, 'confirm').click()
      await on(page, 'standing', '[data-state="review"]').waitFor()
      assert.match(await on(page, 'standing').innerText(), person.review)
      const told = await page.locator('main').innerText()
      assert.ok(
        !told.includes(NUMBER) && !told.includes('测试甲') && !told.includes('13800138000'),
        'it is masked',
      )
      await looked(page, 'waits')

      // At the desk: returned with words, corrected on the phone.
      await desk.goto('/registrations')
      await on(desk, 'registration-row').click()
      await on(desk, 'person-check', '[data-outcome="cannot_tell"]').waitFor()
      assert.match(await on(desk, 'person-check').innerText(), person.unasked)
      assert.match(await on(desk, 'same-means').innerText(), person.same)
      assert.equal(await on(desk, 'accept').count(), 0, 'nobody accepts it alone')
      assert.match(await on(desk, 'consents-to').innerText(), /没有同意|Nobody/)
      await looked(desk, 'one')
      await on(desk, 'return').click()
      await on(desk, 'field-business_name').check({ force: true })
      await on(desk, 'say').fill('执照上是另一个名字')
      await looked(desk, 'return')
      await on(desk, 'say-it').click()
      await on(desk, 'state', '[data-state="returned"]').waitFor()
      await page.goto('about:blank')
      await page.goto(link)
      await on(page, 'standing', '[data-state="returned"]').waitFor()
      assert.match(await on(page, 'standing').innerText(), person.returned)
      assert.equal(await on(page, 'identity-number').count(), 0, 'only what is marked is asked again')
      // The consent is asked for anew: a correction may name somebody else.
      await on(page, 'consents').waitFor()
      assert.equal(await on(page, 'consents').isChecked(), false)
      await looked(page, 'returned')
      await on(page, 'business-name').fill('福记小吃总店')
      await on(page, 'send').click()
      await on(page, 'standing', '[data-state="review"]').waitFor()

      // One person says which documents were seen; the files stay in the browser.
      const sent = []
      desk.on('request', (request) => sent.push(request.postData() ?? ''))
      await desk.reload()
      await on(desk, 'approve').click()
      const licence = Buffer.from('the picture of a licence')
      await on(desk, 'documents').setInputFiles([
        { name: 'licence.png', mimeType: 'image/png', buffer: licence },
        { name: 'card.png', mimeType: 'image/png', buffer: Buffer.from('and of a card') },
      ])
      const digest = createHash('sha256').update(licence).digest('hex')
      await on(desk, 'fingerprints').getByText(digest).waitFor()
      await on(desk, 'long-term').check()
      await on(desk, 'reason').fill('执照和身份证正反面一致')
      await looked(desk, 'approve')
      await on(desk, 'approve-it').click()
      await on(desk, 'state', '[data-state="approved"]').waitFor()
      assert.match(await on(desk, 'approval').innerText(), person.second)
      assert.ok(
        sent.some((body) => body.includes(digest)) && !sent.some((body) => body.includes('picture of')),
      )
      assert.equal(await on(desk, 'accept').count(), 0, 'the same person does not accept')
      await looked(desk, 'approved')

      const other = await open(browser, house, { size: PHONE, language, theme: deskTheme })
      await signIn(other, { login: 'ops', password: PASSWORD })
      await other.goto('/registrations')
      await on(other, 'registration-row').waitFor()
      await looked(other, 'list-phone')
      await on(other, 'registration-row').click()
      await on(other, 'accept').click()
      await looked(other, 'accept')
      await on(other, 'accept-it').click()
      await on(other, 'state', '[data-state="accepted"]').waitFor()
      await on(other, 'merchant').waitFor()
      await looked(other, 'accepted')
      // The mail of its return has come before: this one is about how it ended.
      await mail.mails(
        1,
        ({ to, subject }) => to.includes(email) && subject.includes(id) && person.mailed.test(subject),
      )

      await page.goto('about:blank')
      await page.goto(link)
      await on(page, 'standing', '[data-state="accepted"]').waitFor()
      assert.match(await on(page, 'standing').innerText(), person.accepted)
      await looked(page, 'accepted-applicant')
      await signIn(page, { login: 'li.na', password: PASSWORD })
      await page.goto('/merchants')
      await page.getByText('福记小吃总店').first().waitFor()
      for (const secret of [NUMBER, PASSWORD, link.split('#')[1]])
        assert.ok(!house.said().includes(secret), 'a secret is in the log')
    },
  )
}
