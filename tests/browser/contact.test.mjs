// Contacts on a shop owner's phone: added, changed, used no more; a file of them; and the number to call after a loss.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { countIs, isSound, launch, on, open, signIn } from './browser.mjs'
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

test('an owner adds the acquirer, and may call it after a loss', { timeout: 120_000 }, async () => {
  const page = await open(browser, demo)
  await signIn(page, demo.account('owner'))
  await on(page, 'nav-contacts').click()
  await on(page, 'add-contact').click()
  await on(page, 'save').click()
  await page.getByText('请选择类别').waitFor()
  await page.locator('[data-test="kind-acquirer"]').check({ force: true })
  await on(page, 'name').fill('本店的收单机构')
  await on(page, 'email').fill('nobody')
  await on(page, 'save').click()
  // What the server finds wrong stands beside its field.
  await on(page, 'field-problem').waitFor()
  await on(page, 'email').fill('stop@acquirer.example')
  await on(page, 'hotline').fill('400-000-0000')
  await on(page, 'save').click()
  await on(page, 'retire').waitFor()
  await isSound(page, 'a contact')
  assert.match(await page.locator('main').innerText(), /400-000-0000/)
  await on(page, 'retire').click()
  await on(page, 'restore').click()
  await on(page, 'change').waitFor()
  const told = on(page, 'events').locator('li')
  await told.nth(2).waitFor()
  await countIs(told, 3)

  const call = await signedIn(demo, 'owner')
  const { body } = await call('GET', '/terminals?state=running&limit=1')
  const lost = await call('POST', '/incidents', { terminal_id: body.items[0].terminal_id })
  await page.goto(`/incidents/${lost.body.id}`)
  await on(page, 'hotline').first().waitFor()
  assert.equal(await on(page, 'hotline').first().getAttribute('href'), 'tel:4000000000')
})

test('a file is shown before it is written, and a wrong line is named', { timeout: 120_000 }, async () => {
  const page = await open(browser, demo)
  await signIn(page, demo.account('owner2'))
  await page.goto('/contacts')
  await on(page, 'import').click()
  const { merchant_id } = (await (await signedIn(demo, 'owner2'))('GET', '/session')).body
  const choose = (text) =>
    page
      .locator('[data-test="import-file"]')
      .setInputFiles({ name: 'contacts.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
  const lines = (kind) => `kind,name,hotline,merchant_id\n${kind},城南派出所,110,${merchant_id}\n`
  await choose(lines('friend'))
  assert.match(await on(page, 'import-wrong').innerText(), /第 2 行，kind/)
  await choose(lines('police'))
  await on(page, 'import-write').click()
  await on(page, 'import-done').waitFor()
  await on(page, 'contact-row').first().waitFor()
  await countIs(on(page, 'contact-row'), 1)
  // All of it leaves as a file, whatever is searched for.
  await page.goto('/contacts?state=retired')
  for (const [format, begins] of [
    ['csv', '\ufeffkind,name'],
    ['xlsx', 'PK'],
  ]) {
    const downloaded = page.waitForEvent('download')
    await on(page, `export-${format}`).click()
    const file = await downloaded
    assert.match(file.suggestedFilename(), new RegExp(`^contacts-\\d{4}-\\d\\d-\\d\\d\\.${format}$`))
    const text = await readFile(await file.path(), 'utf8')
    assert.ok(text.startsWith(begins), text.slice(0, 40))
    if (format === 'csv') assert.match(text, /police,城南派出所,110/)
  }
  await page.goto('/contacts')
  await on(page, 'contact-row').first().waitFor()
  await isSound(page, 'contacts')
})
