// API keys in a real browser: made, used by a program outside of it, and revoked.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, isSound, launch, on, open, PHONE, signIn } from './browser.mjs'
import { signedIn, startDemo } from './demo.mjs'

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

/** What a program asks, with nothing but its key. */
async function program(key, method, path, body) {
  const answer = await fetch(new URL(`/api/v1${path}`, demo.url), {
    method,
    headers: { 'content-type': 'application/json', 'authorization': `Bearer ${key}` },
    body: body && JSON.stringify(body),
  })
  return { status: answer.status, body: await answer.json() }
}

for (const [language, login, size, theme] of [
  ['zh-CN', 'owner', PHONE, 'light'],
  ['en', 'risk', DESK, 'dark'],
]) {
  test(`a key is made, used and revoked (${language})`, { timeout: 120_000 }, async () => {
    const page = await open(browser, demo, { language, size, theme })
    await signIn(page, demo.account(login))
    await page.goto('/people')
    await on(page, 'to-keys').click()
    await on(page, 'no-keys').or(on(page, 'key-row').first()).waitFor()
    await on(page, 'add-key').click()
    await on(page, 'key-save').click()
    await page
      .getByText(language === 'en' ? 'needed' : '必填')
      .or(page.locator('[aria-invalid=true]'))
      .first()
      .waitFor()
    await on(page, 'key-name').fill(`ERP ${language}`)
    await on(page, 'right-report_loss').check()
    await isSound(page, `the form (${language})`)
    await on(page, 'key-save').click()
    const key = (await on(page, 'key').locator('.id').innerText()).trim()
    assert.match(key, /^tg_[0-9A-Z]{8}_[\w-]{43}$/)
    await isSound(page, `the key (${language})`)
    await on(page, 'key-kept').click()
    const row = on(page, 'key-row').filter({ hasText: `ERP ${language}` })
    await row.waitFor()
    const [, id, secret] = key.match(/^tg_(\w{8})_(.+)$/)
    assert.ok((await row.innerText()).includes(`tg_${id}`))
    await isSound(page, `the list (${language})`)
    await page.reload()
    await row.waitFor()
    assert.ok(!(await page.content()).includes(secret), 'a key is shown once')

    const seen = await program(key, 'GET', '/terminals?state=running&limit=1')
    assert.equal(seen.status, 200)
    const lost = await program(key, 'POST', '/incidents', { terminal_id: seen.body.items[0].terminal_id })
    assert.equal(lost.status, 201, JSON.stringify(lost.body))
    const found = await program(key, 'POST', `/incidents/${lost.body.id}/found`, {
      kind: 'false_alarm',
      statement: 'under the desk',
    })
    assert.deepEqual([found.status, found.body.code], [403, 'person_required'])
    const call = await signedIn(demo, login)
    const timeline = await call('GET', `/incidents/${lost.body.id}/timeline`)
    assert.equal(timeline.body.items[0].by, `ERP ${language} (tg_${id})`)

    await page.goto('/keys')
    await row.locator('[data-test="revoke"]').click()
    await on(page, 'revoke-sure').waitFor()
    await isSound(page, `the question (${language})`)
    await on(page, 'revoke-sure').click()
    await row.waitFor({ state: 'detached' })
    await on(page, 'state-revoked').click()
    await row.locator('.state.retired').waitFor()
    await isSound(page, `those revoked (${language})`)
    assert.equal(await row.locator('[data-test="revoke"]').count(), 0)
    assert.ok((await row.locator('[data-test="key-used"] time').count()) > 0, 'its use was noted')
    const refused = await program(key, 'GET', '/terminals')
    assert.deepEqual([refused.status, refused.body.code], [401, 'unauthenticated'])
  })
}

test('a key whose answer is lost is in the list, to be revoked', { timeout: 120_000 }, async () => {
  const page = await open(browser, demo, { language: 'en' })
  await signIn(page, demo.account('owner'))
  await page.goto('/keys?state=revoked')
  await on(page, 'add-key').click()
  await on(page, 'key-name').fill('lost')
  await page.route('**/api/v1/api-keys', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    await route.fetch()
    await route.abort()
  })
  await on(page, 'key-save').click()
  await on(page, 'maybe-made').waitFor()
  await isSound(page, 'the lost answer')
  await page.keyboard.press('Escape')
  const row = on(page, 'key-row').filter({ hasText: 'lost' })
  await row.locator('[data-test="revoke"]').click()
  await on(page, 'revoke-sure').click()
  await row.waitFor({ state: 'detached' })
})

test('no wider key is made because the shops could not be had', { timeout: 120_000 }, async () => {
  const page = await open(browser, demo, { language: 'zh-CN' })
  await signIn(page, demo.account('owner'))
  await page.goto('/keys')
  await on(page, 'add-key').waitFor()
  await page.route('**/api/v1/shops?*', (route) => route.abort())
  await on(page, 'add-key').click()
  await on(page, 'problem').waitFor()
  assert.ok(await on(page, 'key-save').isDisabled())
  await isSound(page, 'no shops')
  await page.unroute('**/api/v1/shops?*')
  await on(page, 'retry').click()
  await on(page, 'problem').waitFor({ state: 'detached' })
  const shop = on(page, 'key-shop')
  assert.ok((await shop.locator('option').count()) > 1)
  await shop.selectOption({ index: 1 })
  await on(page, 'key-name').fill('till')
  await on(page, 'key-save').click()
  await on(page, 'key').waitFor()
})
