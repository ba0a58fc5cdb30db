// A shop alone, in English, at a desk: a theft from its report to its closure, by two of its people, with nobody at the acquirer who
// knows of us; and the papers that it leaves with, verified without our software.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { asked, countIs, DESK, isSound, launch, on, open, unfold } from './browser.mjs'
import { startHouse } from './house.mjs'

/** Where pictures of each step go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS
const PASSWORD = 'teapot-in-the-rain'
const LOOK = { size: DESK, language: 'en-GB', zone: 'Europe/London' }

let house
let browser
before(async () => ([house, browser] = await Promise.all([startHouse(), launch()])))
after(async () => {
  await browser?.close()
  await house?.stop()
})

let count = 0
const looked = (page, name) => {
  count += 1
  const path = `${SHOTS}/closure-${String(count).padStart(2, '0')}-${name}.png`
  return SHOTS && page.screenshot({ path, fullPage: true })
}
const fill = async (page, said) => {
  for (const [mark, text] of Object.entries(said)) await on(page, mark).fill(text)
}
/** A moment on the shop's clock, as a field for day and time takes it. */
const minutesAgo = (minutes) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/London', dateStyle: 'short', timeStyle: 'short' })
    .format(Date.now() - minutes * 60_000)
    .replace(' ', 'T')

async function setUp(page) {
  await page.goto(house.setUpUrl)
  await on(page, 'mode-shop').click()
  await on(page, 'next').click()
  await on(page, 'merchant').fill('Fern & Sons')
  await on(page, 'next').click()
  const person = { login: 'lena', name: 'Lena Fern', email: 'lena@shop.example' }
  await fill(page, { ...person, password: PASSWORD, again: PASSWORD })
  await on(page, 'next').click()
  await on(page, 'begin-terminal').click()
  await fill(page, {
    'serial': 'V1P400817731',
    'tid': '20450001',
    'model': 'P400',
    'name': 'Front counter',
    'shop-name': 'Mill Lane',
    'shop-address': '8 Mill Lane, Lowtown',
    'acquirer-name': 'Northway Payments',
    'acquirer-hotline': '0800 000 0118',
    'acquirer-email': 'stop@acquirer.example',
  })
  await on(page, 'save').click()
  await on(page, 'all-added').click()
  await on(page, 'report').waitFor()
}

/** The second person: somebody who manages the shop. */
async function manager(owner) {
  const shop = (await asked(owner, 'GET', '/shops?limit=1')).body.items[0]
  const said = { name: 'Tom Reed', role: 'manager', merchant_id: shop.merchant_id, shop_id: shop.id }
  const invited = await asked(owner, 'POST', '/invitations', said)
  assert.equal(invited.status, 201, JSON.stringify(invited.body))
  const page = await open(browser, house, LOOK)
  await page.goto(`/join#${invited.body.token}`)
  await fill(page, { login: 'tom', password: PASSWORD })
  await on(page, 'join').click()
  await on(page, 'account').waitFor()
  return page
}

const duty = (page, name) => page.locator(`[data-test="duty"][data-duty="${name}"]:visible`)
const ended = (page, name, state) =>
  page.locator(`[data-test="ended-duty"][data-duty="${name}"][data-state="${state}"]`)

async function end(page, name, verb, told, state) {
  await on(page, 'next').waitFor()
  const see = duty(page, name).locator('[data-test="duty-see"]')
  if (!(await see.count())) await page.locator('[data-test="next"] details > summary').click()
  await see.click()
  if (await on(page, `duty-${verb}`).count()) await on(page, `duty-${verb}`).click()
  await fill(page, told)
  if (name === 'camera_footage') await looked(page, 'a-duty')
  await on(page, 'duty-send').click()
  await on(page, 'duty-send').waitFor({ state: 'detached' })
  if (!state) return
  await unfold(page, 'ended')
  await ended(page, name, state).waitFor()
}

const stands = (page, state) => on(page, 'replacement-one', `[data-state="${state}"]`).waitFor()
async function replace(page) {
  await unfold(page, 'replacement')
  await on(page, 'replacement-begin').click()
  await stands(page, 'begun')
  await fill(page, {
    'device-serial': 'V1P400900042',
    'device-make': 'Verifone',
    'device-model': 'P400',
    'device-supplier': 'Northway Payments',
    'device-pts': '4-30412',
    'device-pts_version': '6',
    'device-certificate_model': 'P400',
    'device-hardware': 'H1',
    'device-firmware': 'F1',
    'device-seal': 'FS0091',
    'device-dispatched_seal': 'FS0091',
    'device-box_serial': 'V1P400900042',
  })
  await on(page, 'device-seal_is_whole').check()
  await looked(page, 'device')
  await on(page, 'device-check').click()
  await stands(page, 'device_checked')
  await on(page, 'replacement-terminal').fill('20450042')
  await on(page, 'replacement-bind').click()
  await stands(page, 'bound')
  await fill(page, {
    'old-keys-reference': 'K-91',
    'old-keys-by': 'Hotline, Ms Grey',
    'old-keys-at': minutesAgo(1),
  })
  await looked(page, 'old-keys')
  await on(page, 'old-keys-send').click()
  await stands(page, 'old_keys_dead')
  await on(page, 'keys-said').fill('Northway loaded them before it was sent')
  await on(page, 'keys-send').click()
  await stands(page, 'keys_loaded')
  await on(page, 'test-receipt').fill('000123')
  await on(page, 'test-pass').click()
  await stands(page, 'tested')
  const lines = page.locator('[data-test="checklist"] .item')
  for (let at = 0; at < (await lines.count()); at++)
    await lines.nth(at).locator('input[value="yes"]').check({ force: true })
  await on(page, 'checklist-sign').click()
  await stands(page, 'signed')
  await on(page, 'replacement-live').click()
  await stands(page, 'live')
}

async function saved(page, button) {
  const [file] = await Promise.all([page.waitForEvent('download'), button.click()])
  return file
}

/** What a stranger does with a pack: unpacks it, and compares the sums. */
const sums = (folder) =>
  spawnSync('sha256sum', ['--strict', '--quiet', '-c', 'SHA256SUMS'], { cwd: folder, encoding: 'utf8' })

test(
  'a theft is followed to its closure, and its papers prove themselves',
  { timeout: 240_000 },
  async (test) => {
    const began = Date.now()
    const owner = await open(browser, house, LOOK)
    await setUp(owner)
    await looked(owner, 'home')
    await isSound(owner, 'home at a desk')
    const second = await manager(owner)

    // The stop is asked for, and is not called a stop before the acquirer says so.
    await on(owner, 'report').click()
    await on(owner, 'report-terminal').first().click()
    await owner.locator('[data-test="manner-stolen"]').check({ force: true })
    await looked(owner, 'report')
    await on(owner, 'confirm').click()
    await on(owner, 'asked').waitFor()
    const id = new URL(owner.url()).pathname.split('/').pop()
    await unfold(owner, 'say')
    await isSound(owner, 'a stop that is asked for')
    await looked(owner, 'asked')
    await on(owner, 'confirm-open').click()
    await fill(owner, {
      'confirm-reference': 'GS-0417',
      'confirm-by': 'Hotline, Ms Grey',
      'confirm-at': minutesAgo(0),
    })
    await looked(owner, 'they-confirm')
    await on(owner, 'confirm-stop').click()
    await on(owner, 'confirmation').waitFor()
    await looked(owner, 'confirmed')

    // Each paper of the police has its day, its number and its office.
    await unfold(owner, 'police')
    await on(owner, 'police-report').click()
    await on(owner, 'police-send').click()
    for (const [step, number] of [
      ['accept', 'CR-2026-0417'],
      ['file', 'CR-2026-0417/2'],
      ['end', 'CR-2026-0417/3'],
    ]) {
      await on(owner, `police-${step}`).click()
      await fill(owner, { 'police-number': number, 'police-office': 'Mill Lane station' })
      await on(owner, 'police-send').click()
      await on(owner, 'police-entries').getByText(number, { exact: true }).waitFor()
      await on(owner, 'police-number').waitFor({ state: 'detached' })
    }
    assert.equal((await asked(owner, 'GET', `/incidents/${id}/police`)).body.state, 'ended')
    await looked(owner, 'police')

    await end(owner, 'camera_footage', 'done', { 'duty-words': 'Saved on the shop’s own disk' }, 'done')
    await end(
      owner,
      'check_transactions',
      'done',
      { 'duty-words': 'Compared with the acquirer’s list: none after it went' },
      'done',
    )
    await end(owner, 'acquirer_deregister', 'done', { 'duty-reference': 'DR-7' }, 'done')
    await end(owner, 'exposure_assessment', 'propose_not_needed', {
      'duty-words': 'It keeps no customer data',
    })
    await replace(owner)
    await isSound(owner, 'a terminal replaced at a desk')
    await looked(owner, 'replaced')
    await end(owner, 'replacement_notice', 'done', { 'duty-reference': 'BN-8' }, 'done')
    await end(owner, 'lessons', 'done', { 'duty-words': 'It is locked away at night from now on' }, 'done')
    await unfold(owner, 'close')
    await on(owner, 'close-blocked').waitFor()
    await countIs(on(owner, 'close-blocked').locator('li'), 1)
    await looked(owner, 'blocked')

    // The second person agrees, and only then it can be closed.
    await second.goto(`/incidents/${id}`)
    await end(second, 'exposure_assessment', 'confirm_not_needed', {}, 'not_needed')
    await isSound(second, 'the second person')
    await looked(second, 'second-person')
    await unfold(owner, 'close')
    await on(owner, 'close-words').fill('Not found; a new terminal sells')
    await on(owner, 'close-send').click()
    await on(owner, 'document-closing_report').waitFor()
    await isSound(owner, 'a closed case at a desk')
    await looked(owner, 'closed')

    const report = on(owner, 'document-closing_report').locator('[data-language="en"]:enabled')
    const paper = await saved(owner, report)
    assert.match(paper.suggestedFilename(), /^closing-report-[A-Z0-9]{8}-en\.pdf$/)
    assert.equal((await readFile(await paper.path())).subarray(0, 5).toString(), '%PDF-')
    await unfold(owner, 'pack')
    const folder = await mkdtemp(join(tmpdir(), 'tillguard-closure-'))
    test.after(() => rm(folder, { recursive: true, force: true }))
    for (const [reader, document] of [
      ['insurer', 'claim_report-en.pdf'],
      ['court', 'closing_report-en.pdf'],
    ]) {
      const row = on(owner, 'pack-for', `[data-for="${reader}"]`)
      const pack = await saved(owner, row.locator('[data-test="pack-make"]'))
      const its = join(folder, reader)
      execFileSync('unzip', ['-q', await pack.path(), '-d', its])
      const root = (await readdir(its)).includes('SHA256SUMS') ? its : join(its, (await readdir(its))[0])
      assert.equal(sums(root).status, 0, sums(root).stderr)
      const documents = await readdir(join(root, 'documents'))
      assert.ok(documents.includes(document), documents.join())
      execFileSync(process.env.TILLGUARD_BIN, ['verify', root])
      const changed = join(root, 'documents', document)
      const bytes = await readFile(changed)
      bytes[bytes.length >> 1] ^= 1
      await writeFile(changed, bytes)
      assert.notEqual(sums(root).status, 0, 'a changed byte is not found')
    }
    await looked(owner, 'packs')
    // What they say is stopped stays stopped, and is called what it is.
    await owner.goto('/')
    await on(owner, 'terminal-row').first().waitFor()
    await isSound(owner, 'home, after it')
    await looked(owner, 'home-after')
    for (const page of [owner, second]) assert.deepEqual(page.complaints, [])
    test.diagnostic(`${Math.round((Date.now() - began) / 1_000)} s`)
  },
)
