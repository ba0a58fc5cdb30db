// The evidence pack: for whom, what is in it, and a file that is one; on a phone and at a desk, in both languages.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { DESK, PHONE, isSound, launch, on, open, signIn, unfold } from './browser.mjs'
import { startDemo, tradingTerminal } from './demo.mjs'

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

/** Has one made; answers its name and its bytes. */
async function made(page, reader) {
  const row = on(page, 'pack-for', `[data-for="${reader}"]`)
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    row.locator('[data-test="pack-make"]').click(),
  ])
  await row.locator('[data-test="pack-had"]').waitFor()
  return [file.suggestedFilename(), await readFile(await file.path())]
}

for (const [language, size] of [
  ['zh-CN', PHONE],
  ['en-GB', DESK],
])
  test(`a pack is had for each reader (${language})`, { timeout: 120_000 }, async () => {
    const login = size === PHONE ? 'owner' : 'risk'
    const terminal = await tradingTerminal(demo, login)
    const page = await open(browser, demo, { size, language })
    await signIn(page, demo.account(login))
    await page.goto(`/report/${terminal.terminal_id}`)
    await page.locator('[data-test="manner-stolen"]').check({ force: true })
    await on(page, 'confirm').click()
    await on(page, 'stopped', '[data-state="open"]').waitFor()
    if (size === PHONE) await unfold(page, 'pack')
    await on(page, 'pack-for').nth(3).waitFor()
    await isSound(page, 'the evidence pack')
    for (const reader of ['police', 'bank', 'insurer', 'court']) {
      const [name, bytes] = await made(page, reader)
      assert.match(name, new RegExp(`^evidence-[A-Z0-9]{8}-${reader}\\.zip$`))
      assert.equal(bytes.subarray(0, 2).toString(), 'PK')
      assert.ok(bytes.includes('SHA256SUMS.note'))
      assert.equal(bytes.includes('documents/police_packet-zh.pdf'), ['police', 'court'].includes(reader))
    }

    // What goes wrong stands beside what was asked for.
    await page.route('**/pack?for=bank', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'pack_not_ready', title: 'x', detail: 'not yet', reference: 'R1' }),
      }),
    )
    const bank = on(page, 'pack-for', '[data-for="bank"]')
    await bank.locator('[data-test="pack-make"]').click()
    await bank.getByText('not yet').waitFor()
    await isSound(page, 'a pack that is not made')
    await page.context().close()
  })
