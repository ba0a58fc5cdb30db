// Templates of documents: written at a desk, tried with invented data, signed off by somebody else on a phone, and used.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { DESK, PHONE, isSound, launch, on, open, signIn } from './browser.mjs'
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

for (const [writes, signs] of [
  [
    { language: 'en-GB', size: DESK },
    { language: 'zh-CN', size: PHONE },
  ],
  [
    { language: 'zh-CN', size: DESK, theme: 'dark' },
    { language: 'en-GB', size: PHONE, theme: 'dark' },
  ],
])
  test(`a template is tried, signed off and used (${writes.language})`, { timeout: 120_000 }, async () => {
    const page = await open(browser, demo, writes)
    await signIn(page, demo.account('risk'))
    await page.goto('/templates')
    const packet = on(page, 'template-police_packet')
    await packet.waitFor()
    await isSound(page, 'the templates')
    await packet.locator('[data-test="begin"]').click()
    const text = on(page, 'template-text')
    await text.waitFor()
    await on(page, 'diff-same').waitFor()
    const before = await text.inputValue()
    assert.match(before, /sys\.inputs\.data/)

    // What cannot be set is named by its line, and is not proposed.
    await text.fill(`// ours\n#sys.inputs.data.nothing\n${before}`)
    await on(page, 'preview').click()
    const wrong = on(page, 'template-look')
    await wrong.getByText(/line 2: .*nothing/).waitFor()
    await isSound(page, 'a template that cannot be set')
    await on(page, 'to-line').click()
    const marked = await text.evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd))
    assert.equal(marked, '#sys.inputs.data.nothing')
    await on(page, 'propose').click()
    await on(page, 'revision-steps')
      .getByText(/line 2: .*nothing/)
      .waitFor()

    const letterhead = `Letterhead ${writes.language}`
    await text.fill(before.replace('// ---- Cover ----', `$&\n${letterhead}`))
    await on(page, 'example-known-few').check({ force: true })
    const [example] = await Promise.all([page.waitForEvent('download'), on(page, 'preview').click()])
    assert.match(example.suggestedFilename(), /^police-packet-example-(zh|en)\.pdf$/)
    assert.equal((await readFile(await example.path())).subarray(0, 5).toString(), '%PDF-')
    await on(page, 'preview-had').waitFor()
    await isSound(page, 'a template with its example')
    await on(page, 'propose').click()
    await on(page, 'second-person').waitFor()
    assert.equal(await on(page, 'sign_off').count(), 0, 'nobody signs off what that person wrote')
    const id = new URL(page.url()).pathname.split('/').pop()

    const second = await open(browser, demo, signs)
    await signIn(second, demo.account('risk2'))
    await second.goto('/templates')
    await on(second, 'to-revision')
      .filter({ has: second.locator('[data-state="proposed"]') })
      .click()
    const diff = on(second, 'diff')
    await diff.getByText(letterhead).waitFor()
    await isSound(second, 'a template to sign off')
    assert.equal(await on(second, 'sign_off').isDisabled(), true)
    await on(second, 'seen').check()
    await on(second, 'sign_off').click()
    await on(second, 'revision', '[data-state="in_use"]').waitFor()

    // What is made from now on is made by it, and the record says so.
    const owner = await signedIn(demo, 'owner')
    const { terminal_id } = await tradingTerminal(demo, 'owner')
    const lost = await owner('POST', '/incidents', { terminal_id, manner: 'stolen' })
    const incident = lost.body.id ?? lost.body.incident.id
    const maker = await open(browser, demo)
    await signIn(maker, demo.account('owner'))
    const made = await maker.request.get(
      `/api/v1/incidents/${incident}/documents/police_packet.pdf?language=zh`,
      {
        headers: { 'x-tillguard': '1' },
      },
    )
    assert.equal(made.status(), 200)
    await maker.context().close()
    const { body } = await owner('GET', `/incidents/${incident}/timeline`)
    const said = body.items.find(({ kind }) => kind === 'document_made').text
    assert.match(said, new RegExp(`^police_packet zh template:${id} sha256:[0-9a-f]{64}$`))
    assert.deepEqual([...page.complaints, ...second.complaints], [])
    await page.context().close()
    await second.context().close()
  })
