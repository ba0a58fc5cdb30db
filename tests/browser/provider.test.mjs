// A provider's key is pasted, tried by a question that changes nothing, kept and forgotten: in both languages, on a phone and a desk.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { countIs, DESK, isSound, launch, on, open, PHONE, signIn } from './browser.mjs'
import { signedIn, startDemo } from './demo.mjs'

/** What the demo's provider knows. */
const KEY = 'rk_demo_0417'

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

for (const [language, size, words] of [
  ['zh-CN', PHONE, { taken: /对方认这个密钥/, refused: /对方拒绝/, kept: /已保存密钥/ }],
  ['en', DESK, { taken: /They take this key/, refused: /Refused/, kept: /A key is kept/ }],
]) {
  test(`a key is tried before it is kept (${language})`, { timeout: 120_000 }, async () => {
    const call = await signedIn(demo, 'alone')
    const { body: owner } = await call('GET', '/session')
    const path = `/provider-accounts/${owner.merchant_id}/stripe`
    assert.equal((await call('DELETE', path)).status, 204)

    const page = await open(browser, demo, { language, size })
    await signIn(page, demo.account('alone'))
    await page.goto('/providers')
    const stripe = page.locator('[data-provider="stripe"]')
    const mark = (name) => stripe.locator(`[data-test="${name}"]`)
    await mark('key').waitFor()
    await isSound(page, 'no key')
    await countIs(page.locator('[data-provider]'), 3)

    // Nothing is there to be tried, and a wrong key is refused and not kept.
    await mark('key').fill('two words')
    await mark('test-key').click()
    await mark('field-problem').waitFor()
    await mark('key').fill('rk_wrong_Secret7')
    await mark('test-key').click()
    await mark('key-tested').waitFor()
    assert.match(await mark('key-tested').innerText(), words.refused)
    assert.doesNotMatch(await page.locator('body').innerText(), /Secret7/)
    assert.deepEqual((await call('GET', '/provider-accounts')).body.items, [])

    await mark('key').fill(KEY)
    await mark('test-key').click()
    await stripe.locator('[data-test="key-tested"][data-ready="ready"]').waitFor()
    assert.match(await mark('key-tested').innerText(), words.taken)
    assert.deepEqual((await call('GET', '/provider-accounts')).body.items, [], 'it is only tried')
    await mark('save-key').click()
    await mark('saved').waitFor()
    await mark('forget-key').waitFor()
    assert.equal(await mark('key').inputValue(), '', 'the key stays in the page')
    assert.match(await stripe.innerText(), words.kept)
    await isSound(page, 'a key is kept')

    // The one that is kept is tried when none is pasted.
    await page.reload()
    await mark('forget-key').waitFor()
    assert.doesNotMatch(await page.content(), new RegExp(KEY))
    await mark('test-key').click()
    await stripe.locator('[data-test="key-tested"][data-ready="ready"]').waitFor()
    await mark('forget-key').click()
    await mark('forget-key').waitFor({ state: 'detached' })
    assert.deepEqual((await call('GET', '/provider-accounts')).body.items, [])

    // Adyen is not asked without an account.
    const adyen = page.locator('[data-provider="adyen"]')
    await adyen.locator('[data-test="key"]').fill('AQE1')
    await adyen.locator('[data-test="save-key"]').click()
    await adyen.locator('[data-test="field-problem"]').waitFor()
    assert.equal((await call('PUT', path, { key: KEY })).status, 200)
  })
}
