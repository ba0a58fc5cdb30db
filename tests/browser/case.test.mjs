// What follows a stop: each duty done by its proof, by the one whose it is, and the case closed when none is left.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asked, countIs, DESK, isSound, launch, on, open, PHONE, signIn, unfold } from './browser.mjs'
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

const duty = (page, name) => page.locator(`[data-test="duty"][data-duty="${name}"]:visible`)
const ended = (page, name, state) =>
  page.locator(`[data-test="ended-duty"][data-duty="${name}"][data-state="${state}"]`)

/** Opens a duty, wherever it stands among the others. */
async function see(page, name) {
  const rest = page.locator('[data-test="next"] details')
  if ((await rest.count()) && !(await rest.evaluate((one) => one.open)))
    await rest.locator('> summary').click()
  await duty(page, name).locator('[data-test="duty-see"]').click()
  await on(page, 'duty-send').waitFor()
}

/** Ends one, and waits until the page says so. */
async function end(page, name, verb, told, state) {
  await see(page, name)
  if (await on(page, `duty-${verb}`).count()) await on(page, `duty-${verb}`).click()
  for (const [mark, text] of Object.entries(told)) await on(page, mark).fill(text)
  await on(page, 'duty-send').click()
  await on(page, 'duty-send').waitFor({ state: 'detached' })
  if (!state) return
  await unfold(page, 'ended')
  await ended(page, name, state).waitFor()
}

for (const [language, words] of [
  [
    'zh-CN',
    {
      number: '受案〔2026〕0417',
      refusal: '不立〔2026〕0091',
      office: '南京东路派出所',
      said: '已办妥。',
      ground: '这台机器不保存客户信息。',
      closing: '没有找到；已换新终端。',
    },
  ],
  [
    'en-GB',
    {
      number: 'CASE-2026-0417',
      refusal: 'REFUSED-2026-0091',
      office: 'Nanjing East Road station',
      said: 'It was done.',
      ground: 'It keeps no customer data.',
      closing: 'Not found; replaced.',
    },
  ],
])
  test(
    `a theft is followed to its end, each doing what is theirs (${language})`,
    { timeout: 180_000 },
    async () => {
      const terminal = await tradingTerminal(demo, 'owner')
      const owner = await open(browser, demo, { size: PHONE, language })
      await signIn(owner, demo.account('owner'))
      await owner.goto('/')
      await on(owner, 'report').first().click()
      await on(owner, 'report-terminal', `[data-terminal="${terminal.terminal_id}"]`).click()
      await owner.locator('[data-test="manner-stolen"]').check({ force: true })
      await on(owner, 'confirm').click()
      await on(owner, 'stopped', '[data-state="open"]').waitFor()

      // The packet is with the duty while the police wait for it, and with the report afterwards; our own page has it by its cookie.
      const packet = (part) => on(owner, part).locator('[data-test="document-police_packet"]')
      await packet('next').waitFor()
      await unfold(owner, 'report')
      assert.equal(await packet('report').count(), 0)
      const english = packet('next').locator('[data-language="en"]:enabled')
      const [file] = await Promise.all([owner.waitForEvent('download'), english.click()])
      assert.match(file.suggestedFilename(), /^police-packet-[A-Z0-9]{8}-en\.pdf$/)

      // Nothing is taken without its proof.
      await see(owner, 'police_report')
      await on(owner, 'duty-send').click()
      await on(owner, 'field-problem').first().waitFor()
      await isSound(owner, 'a duty')
      await owner.keyboard.press('Escape')
      await on(owner, 'duty-send').waitFor({ state: 'detached' })

      // What the police give is written down once: it does the duty, and the terms run that run from it.
      await unfold(owner, 'police')
      await on(owner, 'police-accept').click()
      await on(owner, 'police-send').click()
      await on(owner, 'field-problem').first().waitFor()
      await isSound(owner, 'the police')
      await on(owner, 'police-number').fill(words.number)
      await on(owner, 'police-office').fill(words.office)
      await on(owner, 'police-send').click()
      await unfold(owner, 'ended')
      await ended(owner, 'police_report', 'done').waitFor()
      await packet('report').waitFor()
      await owner.locator('[data-duty="police_decision"]').first().waitFor({ state: 'attached' })
      assert.equal(await owner.locator('[data-duty="police_review"]').count(), 0)
      await on(owner, 'police-do_not_file').click()
      await on(owner, 'police-number').fill(words.refusal)
      await on(owner, 'police-send').click()
      await ended(owner, 'police_decision', 'done').waitFor()
      await isSound(owner, 'what the police wrote')
      await end(owner, 'police_review', 'not_needed', { 'duty-words': words.ground }, 'not_needed')
      await end(owner, 'camera_footage', 'done', { 'duty-words': words.said }, 'done')
      await end(owner, 'check_transactions', 'done', { 'duty-words': words.said }, 'done')
      await end(owner, 'lessons', 'not_needed', { 'duty-words': words.ground }, 'not_needed')
      // What the law wants two people for is not over with one; what is the acquirer's is not the owner's to end.
      await end(owner, 'exposure_assessment', 'propose_not_needed', { 'duty-words': words.ground })
      assert.equal(await duty(owner, 'acquirer_deregister').locator('[data-test="duty-see"]').count(), 0)
      await unfold(owner, 'close')
      const blocked = on(owner, 'close-blocked')
      await blocked.locator('li').nth(3).waitFor()
      await countIs(blocked.locator('li'), 4)
      await isSound(owner, 'a case with open duties')

      // A desk elsewhere, whose own clock says another hour.
      const risk = await open(browser, demo, { size: DESK, language, zone: 'America/New_York' })
      await signIn(risk, demo.account('risk'))
      await risk.goto(new URL(owner.url()).pathname)
      await end(risk, 'exposure_assessment', 'confirm_not_needed', {}, 'not_needed')
      await end(risk, 'acquirer_deregister', 'done', { 'duty-reference': words.number }, 'done')
      const id = new URL(owner.url()).pathname.split('/').pop()
      const yesterday = new Date(Date.now() - 24 * 3_600_000).toISOString().slice(0, 10)
      await end(risk, 'card_crime_report', 'moment', { 'duty-time': `${yesterday}T10:30` })
      const { items } = (await asked(risk, 'GET', `/incidents/${id}/duties`)).body
      const started = items.find((one) => one.duty === 'card_crime_report').started_at
      assert.equal(new Date(started).toISOString(), `${yesterday}T02:30:00.000Z`, 'by the clock in Shanghai')
      await end(risk, 'card_crime_report', 'propose_not_needed', { 'duty-words': words.said })
      await end(risk, 'replacement', 'done', { 'duty-reference': words.number }, 'done')
      await isSound(risk, 'a case at the desk')

      // The owner is the second person there, but not of what is the acquirer's.
      assert.equal(await duty(owner, 'card_crime_report').locator('[data-test="duty-see"]').count(), 0)
      await end(risk, 'card_crime_report', 'done', { 'duty-reference': words.number }, 'done')

      await unfold(owner, 'close')
      await on(owner, 'close-words').waitFor({ timeout: 60_000 })
      await on(owner, 'close-words').fill(words.closing)
      await on(owner, 'close-send').click()
      await on(owner, 'stopped', '[data-state="closed"]').waitFor()
      await unfold(owner, 'ended')
      await isSound(owner, 'a closed case')
      const report = on(owner, 'document-closing_report').locator('[data-language="zh"]:enabled')
      const [paper] = await Promise.all([owner.waitForEvent('download'), report.click()])
      assert.match(paper.suggestedFilename(), /^closing-report-[A-Z0-9]{8}-zh\.pdf$/)
      // It stays stopped, and what it tries is still shown.
      assert.match(await on(owner, 'approved-since').first().innerText(), /^0/)
      await unfold(owner, 'close')
      await on(owner, 'close-words').fill(words.said)
      await on(owner, 'close-send').click()
      await on(owner, 'stopped', '[data-state="open"]').waitFor()
      for (const page of [owner, risk]) {
        assert.deepEqual(page.complaints, [])
        await page.context().close()
      }
    },
  )
