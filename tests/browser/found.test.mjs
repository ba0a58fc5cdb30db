// A terminal that was away and is back: not trusted before it has passed an inspection, has new keys, and a third person confirms; and one
// that is there but looks altered.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { countIs, DESK, isSound, launch, on, open, PHONE, picture, signIn, unfold } from './browser.mjs'
import { signedIn, startDemo, tradingTerminal } from './demo.mjs'

const ITEMS = ['identity', 'seals', 'housing', 'card_slot', 'surroundings', 'firmware', 'start']

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

/** Adds a photo of a terminal's seal on its page, before anything happens to it. */
async function photograph(page, terminal, caption) {
  await page.goto(`/terminals/${terminal.terminal_id}`)
  await on(page, 'photo-add').click()
  const box = page.locator('dialog')
  const seal = { name: 'IMG_1.jpg', mimeType: 'image/jpeg', buffer: await picture(page) }
  await on(box, 'file-camera').setInputFiles(seal)
  await on(box, 'photo-shows-needed').waitFor()
  await box.locator('[data-test="photo-shows-seal"]').check({ force: true })
  await on(box, 'photo-caption').fill(caption)
  await isSound(page, 'a photo is added')
  await on(box, 'file-camera').setInputFiles(seal)
  await box.waitFor({ state: 'detached' })
  await isSeen(page, on(page, 'photos'))
  await isSound(page, 'a terminal with a photo')
}

/** That a photo of a seal is not only there, but to be seen. */
async function isSeen(page, within) {
  const shown = within.locator('[data-test="photo"][data-shows="seal"] img').first()
  await shown.scrollIntoViewIfNeeded()
  await page.waitForFunction((image) => image.complete && image.naturalWidth > 0, await shown.elementHandle())
}

async function report(page, terminal, manner) {
  await page.goto('/')
  await on(page, 'report').first().click()
  await on(page, 'report-terminal', `[data-terminal="${terminal.terminal_id}"]`).click()
  await page.locator(`[data-test="manner-${manner}"]`).check({ force: true })
  if (manner === 'tampered') await on(page, 'tampered-hint').waitFor()
  await on(page, 'confirm').click()
  await on(page, 'stopped', '[data-state="open"]').waitFor()
}

async function find(page, kind, words) {
  await unfold(page, 'found')
  await on(page, 'found-open').click()
  await isSound(page, 'three ways to be found')
  await page.locator(`[data-test="found-${kind}"]`).check()
  await on(page, 'found-statement').fill(words)
  await on(page, 'found-propose').click()
  await on(page, 'stopped', '[data-state="found_proposed"]').waitFor()
}

/** Goes through the list; `wrong` are the items that are not right, with what was seen. */
async function inspect(page, wrong = {}) {
  await on(page, 'inspection-open').click()
  await on(page, 'inspection').waitFor()
  // What it is compared with stands beside what is looked at; where there is nothing, that is said.
  await isSeen(page, on(page, 'before-seals'))
  await on(page, 'before-housing-none').waitFor()
  await on(page, 'inspection-send').click()
  await countIs(on(page, 'inspection'), 1, 'nothing is sent without answers')
  for (const item of ITEMS) {
    const outcome = item in wrong ? 'not_ok' : 'ok'
    await page.locator(`[data-test="inspect-${item}-${outcome}"]`).check({ force: true })
    if (item in wrong) await on(page, `inspect-${item}-note`).fill(wrong[item])
  }
  await isSound(page, 'the inspection')
  await on(page, 'inspection-send').click()
  await on(page, 'inspection').waitFor({ state: 'detached' })
}

for (const [language, words] of [
  [
    'zh-CN',
    {
      seal: '封签 A17',
      where: '出租车司机送回来的',
      film: '卡槽里有一层膜',
      failed: /没有通过/,
      keys: /新密钥/,
      key: ['0123456789ABCDEFFEDCBA9876543210', '08D7B4'],
    },
  ],
  [
    'en-GB',
    {
      seal: 'seal A17',
      where: 'A taxi driver brought it back',
      film: 'a film in the slot',
      failed: /did not pass/,
      keys: /new keys/,
      key: ['89ABCDEF012345670123456789ABCDEF', 'DB122D'],
    },
  ],
])
  test(
    `what was away runs again only looked over, with new keys, by a third person (${language})`,
    { timeout: 180_000 },
    async () => {
      const terminal = await tradingTerminal(demo, 'owner')
      const owner = await open(browser, demo, { size: PHONE, language })
      await signIn(owner, demo.account('owner'))
      await photograph(owner, terminal, words.seal)
      await report(owner, terminal, 'lost')
      await find(owner, 'recovered', words.where)
      const id = new URL(owner.url()).pathname.split('/').pop()
      await inspect(owner, { card_slot: words.film })
      await on(owner, 'inspection-made', '[data-passed="false"]').waitFor()
      assert.match(await on(owner, 'found-missing').innerText(), words.failed)

      const risk = await signedIn(demo, 'risk')
      const confirm = () => risk('POST', `/incidents/${id}/found/confirm`, {})
      assert.equal((await confirm()).body.code, 'inspection_failed')

      await inspect(owner)
      await on(owner, 'inspection-made', '[data-passed="true"]').waitFor()
      assert.match(await on(owner, 'found-missing').innerText(), words.keys)
      assert.equal((await confirm()).body.code, 'new_keys_required')
      const key = await risk('POST', `/terminals/${terminal.terminal_id}/master-key`, {
        components: [words.key[0]],
        check_value: words.key[1],
      })
      assert.equal(key.status, 200, JSON.stringify(key.body))
      await owner.reload()
      await unfold(owner, 'found')
      await on(owner, 'found-step-keys', '[data-done="true"]').waitFor()
      assert.equal(await on(owner, 'found-confirm').count(), 0, 'who inspected does not confirm')
      await isSound(owner, 'waiting for the second person')

      const officer = await open(browser, demo, { size: DESK, language })
      await signIn(officer, demo.account('risk'))
      await officer.goto(`/incidents/${id}`)
      await on(officer, 'found-confirm').waitFor()
      await isSound(officer, 'to be confirmed at the desk')
      await on(officer, 'found-confirm').click()
      await on(officer, 'stopped', '[data-state="closed"]').waitFor()
      const { body } = await risk('GET', `/terminals/${terminal.terminal_id}`)
      assert.equal(body.state, 'running')
      assert.deepEqual([...owner.complaints, ...officer.complaints], [])
      await Promise.all([owner.context().close(), officer.context().close()])
    },
  )

for (const language of ['zh-CN', 'en-GB'])
  test(
    `what looks altered is stopped, and its list says what to keep (${language})`,
    { timeout: 120_000 },
    async () => {
      const terminal = await tradingTerminal(demo, 'owner')
      const owner = await open(browser, demo, { size: PHONE, language })
      await signIn(owner, demo.account('owner'))
      await report(owner, terminal, 'tampered')
      const call = await signedIn(demo, 'owner')
      const id = new URL(owner.url()).pathname.split('/').pop()
      const { body } = await call('GET', `/incidents/${id}`)
      assert.deepEqual([body.manner, body.terminal.state, body.playbook], ['tampered', 'lost', 'tampered 1'])
      await on(owner, 'duty', '[data-duty="keep_as_it_is"]').first().waitFor()
      await find(owner, 'false_alarm', language === 'zh-CN' ? '只是贴歪了的贴纸' : 'Only a crooked sticker')
      await on(owner, 'found-step-inspection', '[data-done="false"]').waitFor()
      assert.equal(await on(owner, 'found-step-keys').count(), 0)
      await isSound(owner, 'a false alarm that is inspected all the same')
      await owner.context().close()
    },
  )
