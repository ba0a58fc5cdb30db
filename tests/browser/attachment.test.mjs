// Files of a case, brought on a phone: a scan of the police receipt proves the duty; what is too large, not taken, cancelled or lost on
// its way; and colleagues who are asked by name.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { DESK, PHONE, asked, isSound, launch, on, open, picture, signIn, unfold } from './browser.mjs'
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

const PDF = Buffer.from('%PDF-1.7\n% the receipt of the police, scanned\n')
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
const file = (name, mimeType, buffer) => ({ name, mimeType, buffer })

/** The owner's page of a theft that has just been reported. */
async function stolen(language) {
  const terminal = await tradingTerminal(demo, 'owner')
  const owner = await open(browser, demo, { size: PHONE, language })
  await signIn(owner, demo.account('owner'))
  await owner.goto('/')
  await on(owner, 'report').first().click()
  await on(owner, 'report-terminal', `[data-terminal="${terminal.terminal_id}"]`).click()
  await owner.locator('[data-test="manner-stolen"]').check({ force: true })
  await on(owner, 'confirm').click()
  await on(owner, 'stopped', '[data-state="open"]').waitFor()
  return { owner, id: new URL(owner.url()).pathname.split('/').pop() }
}

const files = async (page, id) => (await asked(page, 'GET', `/incidents/${id}/attachments`)).body.items
const line = (page, name) => page.locator('[data-test="file"]', { hasText: name })

test('a scan of the receipt proves the duty, on a phone (zh-CN)', { timeout: 180_000 }, async () => {
  const { owner, id } = await stolen('zh-CN')

  // The duty takes a file instead of a number.
  const duty = owner.locator('[data-test="duty"][data-duty="police_report"]:visible')
  await duty.locator('[data-test="duty-see"]').click()
  const box = owner.locator('dialog')
  await on(box, 'duty-send').click()
  await on(box, 'field-problem').first().waitFor()
  await on(box, 'file-camera').setInputFiles(file('受案回执.pdf', 'application/pdf', PDF))
  await on(box, 'duty-file').waitFor()
  await isSound(owner, 'a duty with its file')
  await on(box, 'duty-send').click()
  await box.waitFor({ state: 'detached' })
  await unfold(owner, 'ended')
  const proof = owner.locator('[data-test="ended-duty"][data-duty="police_report"] [data-test="duty-proof"]')
  await proof.filter({ hasText: '受案回执.pdf' }).waitFor()

  // It is among the files, by its digest, and is had as it was sent.
  await unfold(owner, 'files')
  await line(owner, '受案回执.pdf').waitFor()
  const shown = await on(line(owner, '受案回执.pdf'), 'file-sha256').getAttribute('title')
  assert.equal(shown, sha256(PDF))
  const [kept] = await Promise.all([
    owner.waitForEvent('download'),
    on(line(owner, '受案回执.pdf'), 'file-keep').click(),
  ])
  assert.equal(kept.suggestedFilename(), '受案回执.pdf')
  assert.deepEqual(await readFile(await kept.path()), PDF)

  // What is too large does not leave the phone; what is not taken says what is.
  const card = on(owner, 'files')
  const choose = on(card, 'file-choose')
  await choose.setInputFiles(file('监控.mp4', 'video/mp4', Buffer.alloc(20 * 1024 * 1024 + 1)))
  await on(card, 'file-too-large').waitFor()
  await choose.setInputFiles(file('表格.pdf', 'application/pdf', Buffer.from('PK\x03\x04')))
  await on(card, 'file-leave').waitFor()
  assert.match(await on(card, 'file-sending').innerText(), /JPEG.*PDF.*MP4/s)
  assert.equal(await on(card, 'file-again').count(), 0, 'the same again is no better')
  await on(card, 'file-leave').click()

  // A photo leaves the place behind it.
  await card.locator('[data-test="purpose-photo"]').check({ force: true })
  await choose.setInputFiles(file('门口.jpg', 'image/jpeg', await picture(owner)))
  await line(owner, '门口.jpg').filter({ hasText: '已去掉拍摄信息' }).waitFor()

  // Of a film that is too large its digest is written down.
  await on(card, 'file-state').click()
  await on(owner, 'state-send').click()
  await on(owner, 'field-problem').nth(2).waitFor()
  await on(owner, 'state-name').fill('监控 12 号机.mp4')
  await on(owner, 'state-size').fill('734003200')
  await on(owner, 'state-sha256').fill('9F'.repeat(32))
  await isSound(owner, 'a digest is stated')
  await on(owner, 'state-send').click()
  await line(owner, '监控 12 号机.mp4').filter({ hasText: '700 MB' }).waitFor()

  // One that is cancelled is not sent; one whose line is lost is sent again, and is there once.
  let held
  await owner.route('**/attachments?*', (route) => (held = route))
  await choose.setInputFiles(file('取消.txt', 'text/plain', Buffer.from('不要')))
  await on(card, 'file-cancel').click()
  await on(card, 'file-sending').waitFor({ state: 'detached' })
  await held.abort().catch(() => {})
  await owner.unroute('**/attachments?*')
  // The server takes it; the answer is lost.
  await owner.route('**/attachments?*', async (route) => {
    await route.fetch()
    await route.abort('connectionreset')
  })
  await choose.setInputFiles(file('说明.txt', 'text/plain', Buffer.from('经过说明')))
  await on(card, 'file-again').waitFor()
  await isSound(owner, 'a file whose line was lost')
  await owner.unroute('**/attachments?*')
  await on(card, 'file-again').click()
  await line(owner, '说明.txt').waitFor()
  await on(card, 'file-sending').waitFor({ state: 'detached' })
  const names = (await files(owner, id)).map((one) => one.name)
  assert.deepEqual(names, ['受案回执.pdf', '门口.jpg', '监控 12 号机.mp4', '说明.txt'])

  // Taking one back needs a reason, and is seen where it proved something.
  await on(line(owner, '受案回执.pdf'), 'file-withdraw').click()
  await on(owner, 'withdraw-send').click()
  await on(owner, 'field-problem').waitFor()
  await on(owner, 'withdraw-why').fill('拿错了，是别的案件的')
  await on(owner, 'withdraw-send').click()
  await line(owner, '受案回执.pdf').filter({ hasText: '拿错了' }).waitFor()
  await proof.filter({ hasText: '已撤回' }).waitFor()
  await isSound(owner, 'files of a case')
})

test('a colleague who is asked by name hears of it (en-GB)', { timeout: 120_000 }, async () => {
  const { owner, id } = await stolen('en-GB')
  const risk = await open(browser, demo, { size: DESK, language: 'en-GB' })
  await signIn(risk, demo.account('risk'))
  await risk.goto(`/incidents/${id}`)
  await on(risk, 'comment-words').fill('Where is the recorder? @')
  await on(risk, 'comment-offer', '[data-login="owner"]').click()
  await isSound(risk, 'a comment at the desk')
  await on(risk, 'comment-send').click()
  await risk.locator('[data-test="timeline-item"][data-kind="commented"]').waitFor()

  await owner.goto('/')
  const waiting = on(owner, 'waiting-for-me')
  await waiting.waitFor()
  await isSound(owner, 'home with a question')
  await waiting.locator(`a[href$="${id}"]`).click()
  await on(owner, 'asked-of-me').waitFor()
  await unfold(owner, 'timeline')
  await owner
    .locator('[data-test="timeline-item"][data-kind="commented"]')
    .filter({ hasText: 'Where is the recorder?' })
    .waitFor()
  // Whoever asked on the case can be asked back, although the shop does not know who works at the acquirer's.
  await on(owner, 'comment-words').fill('In the office.')
  await on(owner, 'comment-ask').selectOption('risk')
  await on(owner, 'comment-send').click()
  await owner.locator('[data-test="timeline-item"][data-kind="commented"]').nth(1).waitFor()
  await isSound(owner, 'comments on a phone')
  await owner.goto('/')
  await on(owner, 'report').first().waitFor()
  assert.equal(await on(owner, 'waiting-for-me').count(), 0)
})
