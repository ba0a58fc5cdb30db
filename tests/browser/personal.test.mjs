// How to reach a person: masked, and for a minute in full to who says why; who looked stays.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { asked, countIs, DESK, isSound, launch, on, open, PHONE, signIn } from './browser.mjs'
import { signedIn, startDemo } from './demo.mjs'

const EMAIL = 'li.na@shop.example'

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

for (const [language, size, theme, show] of [
  ['zh-CN', PHONE, 'light', '显示'],
  ['en', DESK, 'dark', 'Show'],
]) {
  test(`a mail address is shown for a minute, for a reason: ${language}`, { timeout: 120_000 }, async () => {
    const somebody = await signedIn(demo, 'auditor')
    assert.equal((await somebody('PUT', '/session/email', { email: EMAIL })).status, 200)
    const page = await open(browser, demo, { size, language, theme })
    await page.clock.install()
    await signIn(page, demo.account('risk'))
    await page.goto('/people')
    const row = on(page, 'account-row').filter({ has: page.getByText('auditor', { exact: true }) })
    const email = row.locator('[data-test="personal-email"]')
    await email.waitFor()
    assert.equal(await email.innerText(), 'l****@shop.example')
    assert.doesNotMatch(await page.content(), /li\.na@/)
    await isSound(page, `people, ${language}`)

    const button = row.locator('[data-test="reveal"]')
    assert.equal(await button.innerText(), show)
    await button.click()
    await on(page, 'reason').fill('ab')
    await isSound(page, `why, ${language}`)
    await on(page, 'reason-do').click()
    assert.equal(await on(page, 'reason').evaluate((one) => one.validity.tooShort), true)
    await on(page, 'reason').fill('店里电话打不通，核实挂失')
    await on(page, 'reason-do').click()
    await page.getByText(EMAIL, { exact: true }).waitFor()
    await isSound(page, `shown, ${language}`)

    await page.clock.fastForward(40_000)
    assert.equal(await email.innerText(), EMAIL)
    await page.clock.fastForward(20_100)
    await row.getByText('l****@shop.example').waitFor()
    assert.doesNotMatch(await page.content(), /li\.na@/)

    await row.locator('[data-test="history"]').click()
    const events = on(page, 'events')
    await events.getByText('店里电话打不通，核实挂失').first().waitFor()
    await isSound(page, `who looked, ${language}`)
    await page.context().close()
  })
}

test('who has not the right has no button, and no way around it', { timeout: 60_000 }, async () => {
  const page = await open(browser, demo, { size: DESK })
  await signIn(page, demo.account('auditor'))
  await page.goto('/people')
  await on(page, 'account-row').first().waitFor()
  assert.equal(await on(page, 'reveal').count(), 0)
  const answer = await asked(page, 'POST', '/accounts/auditor/reveal', { reason: 'because I want to' })
  assert.deepEqual([answer.status, answer.body.code], [403, 'not_allowed'])
  await page.context().close()
})

test('what is kept about oneself is taken along as a file', { timeout: 60_000 }, async () => {
  const page = await open(browser, demo, { theme: 'dark' })
  await signIn(page, demo.account('owner'))
  await page.goto('/security')
  await isSound(page, 'one’s own page')
  const [file] = await Promise.all([page.waitForEvent('download'), on(page, 'export-own').click()])
  const all = JSON.parse(await readFile(await file.path(), 'utf8'))
  assert.deepEqual([all.form, all.account.login], ['tillguard-person/1', 'owner'])
  assert.ok(all.sessions.length > 0, 'the session that asks')
  await page.context().close()
})

for (const [language, size, who, kept, exportWhy, eraseWhy] of [
  ['zh-CN', DESK, 'cashier', /登录名保留在操作记录里/, '为什么要导出', '为什么要删除'],
  ['en', PHONE, 'engineer', /The log-in stays in the record/, 'Why it is handed over', 'Why it is erased'],
]) {
  test(`a person's data are handed over and erased: ${language}`, { timeout: 120_000 }, async () => {
    const page = await open(browser, demo, { size, language })
    await signIn(page, demo.account('risk'))
    await page.goto('/people')
    const row = on(page, 'account-row').filter({ has: page.getByText(who, { exact: true }) })
    await row.locator('[data-test="export"]').click()
    await page.getByLabel(exportWhy).fill('本人书面申请查阅')
    await isSound(page, `why it is exported, ${language}`)
    const [file] = await Promise.all([page.waitForEvent('download'), on(page, 'reason-do').click()])
    assert.equal(JSON.parse(await readFile(await file.path(), 'utf8')).account.login, who)

    assert.equal(await row.locator('[data-test="erase"]').count(), 0, 'not while it is in use')
    await row.locator('[data-test="disable"]').click()
    await on(page, 'disable-sure').click()
    await row.locator('[data-test="erase"]').click()
    await page.getByLabel(eraseWhy).fill('本人书面申请删除')
    assert.equal(await on(page, 'reason-do').isDisabled(), true, 'the log-in has to be typed')
    await on(page, 'sure').fill(who)
    await isSound(page, `why it is erased, ${language}`)
    await on(page, 'reason-do').click()
    await on(page, 'kept').filter({ hasText: kept }).waitFor()
    await isSound(page, `what is kept, ${language}`)
    await on(page, 'dialog-close').click()
    assert.equal(await row.locator('b').innerText(), who, 'nobody is called so any more')
    await row.locator('[data-test="history"]').waitFor()
    await countIs(row.locator('.actions button'), 1)
    await page.context().close()
  })
}

for (const language of ['zh-CN', 'en-GB'])
  test(`one says where and when one is reminded (${language})`, { timeout: 60_000 }, async () => {
    for (const size of [PHONE, DESK]) {
      const page = await open(browser, demo, { size, language })
      await signIn(page, demo.account('manager'))
      await page.goto('/reach')
      await on(page, 'email').fill('shop@fuji.example')
      const often = size === PHONE ? 'daily' : 'never'
      await page.locator(`[data-test="duty-mails-${often}"]`).check({ force: true })
      const saved = (answer) => answer.request().method() === 'PUT' && answer.ok()
      await Promise.all([page.waitForResponse(saved), on(page, 'save-reach').click()])
      await isSound(page, 'where one is reminded')
      await page.reload()
      await on(page, 'email').waitFor()
      assert.equal(await on(page, 'email').inputValue(), 'shop@fuji.example')
      assert.ok(await page.locator(`[data-test="duty-mails-${often}"]`).isChecked())
      assert.deepEqual(page.complaints, [])
      await page.context().close()
    }
  })
