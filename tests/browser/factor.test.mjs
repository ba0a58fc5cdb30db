// Second factors in a real browser: a passkey of its own virtual authenticator, codes of an authenticator, recovery codes, and the
// question who it is before a loss is released.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { DESK, isSound, launch, on, open, PHONE, signIn, unfold } from './browser.mjs'
import { signedIn, startDemo, tradingTerminal } from './demo.mjs'

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

/** The demo by the name of its machine: a passkey is good for a name, and a number is none. */
const named = () => ({ ...demo, url: demo.url.replace('127.0.0.1', 'localhost') })

/** An authenticator in the browser, whose owner is always there and always recognised. */
async function withAuthenticator(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return {
    bogus: (isBogusSignature) =>
      session.send('WebAuthn.setResponseOverrideBits', { authenticatorId, isBogusSignature }),
    verified: (isUserVerified) =>
      session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  }
}

/** RFC 6238, as any authenticator app has it. */
function totp(secret, at_ms = Date.now()) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((one) => alphabet.indexOf(one).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at_ms / 30_000)))
  const digest = createHmac('sha1', key).update(counter).digest()
  const at = digest[19] & 15
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

async function toPassword(page, { login, password }) {
  await page.goto('/login')
  await on(page, 'login').fill(login)
  await on(page, 'password').fill(password)
  await on(page, 'submit').click()
}

async function clearFactors(login) {
  const call = await signedIn(demo, login === 'risk2' ? 'risk' : 'risk2')
  const cleared = await call('POST', `/accounts/${login}/clear-factors`, { text: 'end of a test' })
  assert.equal(cleared.status, 200, JSON.stringify(cleared.body))
}

for (const [language, size] of [
  ['zh-CN', PHONE],
  ['en', DESK],
]) {
  test(
    `a passkey is enrolled, signs in, and proves who releases a loss (${language})`,
    { timeout: 180_000 },
    async () => {
      const page = await open(browser, named(), { language, size })
      const authenticator = await withAuthenticator(page)
      await signIn(page, demo.account('risk2'))
      await page.goto('/security')
      await on(page, 'add-passkey').click()
      await on(page, 'recovery-codes').waitFor()
      const codes = await on(page, 'recovery-codes').locator('li').allInnerTexts()
      assert.equal(codes.length, 10)
      await isSound(page, `the recovery codes (${language})`)
      await on(page, 'codes-kept').click()
      await on(page, 'factor').waitFor()
      await isSound(page, `the security page (${language})`)

      // The password alone opens nothing; the passkey does, and a false signature does not.
      await page.context().clearCookies()
      await toPassword(page, demo.account('risk2'))
      await on(page, 'second-step').waitFor()
      await isSound(page, `the second step (${language})`)
      await authenticator.bogus(true)
      await on(page, 'proof-submit').click()
      await on(page, 'proof-problem').waitFor()
      assert.equal(new URL(page.url()).pathname, '/login')
      await authenticator.bogus(false)
      await on(page, 'proof-submit').click()
      await page.waitForURL((url) => url.pathname !== '/login')

      // A recovery code does, too, and once.
      await page.context().clearCookies()
      await toPassword(page, demo.account('risk2'))
      await on(page, 'way-recovery_code').click()
      await on(page, 'proof-field').fill(codes[0].toLowerCase())
      await on(page, 'proof-submit').click()
      await page.waitForURL((url) => url.pathname !== '/login')
      await page.goto('/security')
      await on(page, 'code-used').waitFor()
      await page.context().clearCookies()
      await toPassword(page, demo.account('risk2'))
      await on(page, 'way-recovery_code').click()
      await on(page, 'proof-field').fill(codes[0])
      await on(page, 'proof-submit').click()
      await on(page, 'proof-problem').waitFor()
      await on(page, 'way-passkey').click()
      await on(page, 'proof-submit').click()
      await page.waitForURL((url) => url.pathname !== '/login')

      // Ten minutes later a loss is to be released: the page asks who it is, and does what was asked for.
      const { terminal_id } = await tradingTerminal(demo, 'owner')
      const owner = await signedIn(demo, 'owner')
      const { body: incident } = await owner('POST', '/incidents', { terminal_id })
      const said = await owner('POST', `/incidents/${incident.id}/found`, {
        kind: 'false_alarm',
        statement: 'in the drawer',
      })
      assert.equal(said.status, 200)
      await page.goto(`/incidents/${incident.id}`)
      await onlyOnceTooOld(page, `/incidents/${incident.id}/found/confirm`)
      await unfold(page, 'found')
      await on(page, 'found-confirm').click()
      await on(page, 'step-up').waitFor()
      await isSound(page, `the question who it is (${language})`)
      await on(page, 'proof-submit').click()
      await on(page, 'step-up').waitFor({ state: 'detached' })
      for (let tries = 0; tries < 60; tries++) {
        const { body } = await owner('GET', `/incidents/${incident.id}`)
        if (body.state === 'closed') break
        assert.ok(tries < 59, body.state)
        await page.waitForTimeout(500)
      }
      await page.context().close()
      await clearFactors('risk2')
    },
  )
}

/** The first request to that path is answered as after ten minutes; what the page does then goes to the server. */
async function onlyOnceTooOld(page, path) {
  let asked = false
  await page.route(`**/api/v1${path}`, (route) => {
    if (asked) return route.continue()
    asked = true
    const problem = {
      type: 'about:blank',
      title: '-',
      status: 403,
      detail: '-',
      code: 'step_up_required',
      reference: '0',
    }
    return route.fulfill({
      status: 403,
      contentType: 'application/problem+json',
      body: JSON.stringify(problem),
    })
  })
}

test(
  'an authenticator app is enrolled by its first code, and each code signs in once',
  { timeout: 180_000 },
  async () => {
    const page = await open(browser, demo)
    await signIn(page, demo.account('owner'))
    await page.goto('/security')
    // By a number there is no passkey, and the page says why.
    await on(page, 'no-passkey').waitFor()
    await on(page, 'add-totp').click()
    const secret = (await on(page, 'totp-secret').locator('.id').innerText()).trim()
    await isSound(page, 'the authenticator')
    await on(page, 'totp-code').fill('000000')
    await on(page, 'totp-confirm').click()
    await on(page, 'field-problem').waitFor()
    const enrolledAt = Date.now()
    await on(page, 'totp-code').fill(totp(secret, enrolledAt))
    await on(page, 'totp-confirm').click()
    await on(page, 'codes-kept').click()
    await on(page, 'factor').waitFor()

    await page.context().clearCookies()
    await toPassword(page, demo.account('owner'))
    await on(page, 'proof-field').fill(totp(secret, enrolledAt))
    await on(page, 'proof-submit').click()
    await on(page, 'proof-problem').waitFor()
    // The next one, which is taken a step early.
    const next = totp(secret, enrolledAt + 30_000)
    await on(page, 'proof-field').fill(next)
    await on(page, 'proof-submit').click()
    await page.waitForURL((url) => url.pathname !== '/login')
    await page.context().clearCookies()
    await toPassword(page, demo.account('owner'))
    await on(page, 'proof-field').fill(next)
    await on(page, 'proof-submit').click()
    await on(page, 'proof-problem').waitFor()
    await page.context().close()
    await clearFactors('owner')
  },
)

test(
  'where one is signed in is seen and ended, and another password ends the rest',
  { timeout: 120_000 },
  async () => {
    const page = await open(browser, demo, { size: DESK, language: 'en' })
    const elsewhere = await open(browser, demo)
    await signIn(page, demo.account('auditor'))
    await signIn(elsewhere, demo.account('auditor'))
    await page.goto('/security')
    await page.locator('[data-test="session"][data-this="false"]').first().waitFor()
    assert.match(await page.locator('[data-test="session"][data-this="true"]').innerText(), /Chrome/)
    await isSound(page, 'the sessions')
    await on(page, 'end-others').click()
    await page.waitForFunction(() => document.querySelectorAll('[data-test="session"]').length === 1)
    await elsewhere.goto('/incidents')
    await elsewhere.waitForURL((url) => url.pathname === '/login')
    const { password } = demo.account('auditor')
    await on(page, 'password-current').fill(password)
    await on(page, 'password-new').fill('teapot-in-the-rain')
    await on(page, 'save-password').click()
    await on(page, 'saved').waitFor()
    await toPassword(elsewhere, { login: 'auditor', password: 'teapot-in-the-rain' })
    await elsewhere.waitForURL((url) => url.pathname !== '/login')
    await page.context().close()
    await elsewhere.context().close()
  },
)
