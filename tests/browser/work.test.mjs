// What no node will do any more: a risk officer sees it, has it done again, or gives it up and says why.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { countIs, DESK, isSound, launch, on, open, PHONE, signIn, until } from './browser.mjs'
import { signedIn, startDemo } from './demo.mjs'
import { startHost } from './iso8583.mjs'

let folder
let host
let demo
let browser
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillguard-keys-'))
  const [mac, pin] = [randomBytes(16), randomBytes(16)]
  const keys = join(folder, 'zone.keys')
  await writeFile(keys, `mac=${mac.toString('hex')}\npin=${pin.toString('hex')}\n`, { mode: 0o600 })
  host = await startHost(mac)
  demo = await startDemo([
    '--host',
    host.address,
    '--zone-keys',
    keys,
    '--host-timeout-s',
    '1',
    '--rate',
    '2',
  ])
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await demo?.stop()
  await host?.stop()
  await rm(folder, { recursive: true, force: true })
})

const row = (page, id, state) => on(page, 'work-row', `[data-key="${id}"][data-state="${state}"]`)
const verbs = async (call, id) =>
  (await call('GET', `/work/${id}/events`)).body.items.map((event) => event.verb)

async function openWork(options) {
  const page = await open(browser, demo, options)
  await signIn(page, demo.account('risk'))
  await page.goto('/work')
  return page
}

/** A reversal that the host refused and nobody has decided on yet. */
async function deadOne(page) {
  const dead = on(page, 'work-row', '[data-state="dead"]').first()
  await dead.waitFor({ timeout: 60_000 })
  return dead.getAttribute('data-key')
}

async function decide(page, id, verb, text) {
  await row(page, id, 'dead').locator(`[data-test="${verb}"]`).click()
  if (text) await on(page, 'work-text').fill(text)
  await on(page, 'work-decide').click()
}

test(
  'what the host refused is shown, is done again, and is dead again or done',
  { timeout: 180_000 },
  async () => {
    const call = await signedIn(demo, 'risk')
    const page = await openWork({ size: DESK })
    const id = await deadOne(page)
    assert.match(id, /^reversal\.\d+\.\d+$/)
    assert.match(await on(page, 'work-stuck').innerText(), /等人决定：\d+ 项做不成/)
    assert.match(await row(page, id, 'dead').innerText(), /做不成.*向主机冲正.*主机应答 96/s)
    await isSound(page, 'work that is dead')

    await decide(page, id, 'retry')
    await row(page, id, 'dead').waitFor({ timeout: 60_000 })
    await until(
      page,
      async (path) => {
        const { items } = await (await fetch(path)).json()
        return items.filter((event) => event.verb === 'dead').length === 2
      },
      `/api/v1/work/${id}/events`,
    )
    host.says = '00'
    await page.reload()
    await decide(page, id, 'retry', '主机已恢复')
    await row(page, id, 'dead').waitFor({ state: 'detached' })
    // What is done is gone, and the ledger says what became of it.
    await until(page, async (path) => (await fetch(path)).status === 404, `/api/v1/work/${id}`)
    host.says = '96'
    const [, terminal_id] = id.split('.')
    const { body } = await call('GET', `/transactions?terminal_id=${terminal_id}&decision=reversed`)
    assert.ok(body.items.length > 0, 'the ledger has it as reversed')
    await page.context().close()
  },
)

for (const size of [DESK, PHONE])
  test(`giving up asks first, and wants words: ${size.width} px`, { timeout: 120_000 }, async () => {
    const call = await signedIn(demo, 'risk')
    const page = await openWork({ size })
    const id = await deadOne(page)
    await decide(page, id, 'give_up')
    await page.getByText('请写明为什么放弃').waitFor()
    assert.match(await on(page, 'work-ask').innerText(), /不会再做，也不能撤回/)
    await isSound(page, 'giving up')
    assert.ok(!(await verbs(call, id)).includes('give_up'), 'nothing was given up by asking')
    await on(page, 'dialog-close').click()
    await countIs(row(page, id, 'dead'), 1)

    await decide(page, id, 'give_up', '已与主机对账，人工退回')
    await row(page, id, 'given_up').waitFor()
    assert.equal(await row(page, id, 'given_up').locator('button').count(), 0, 'nothing undoes it')
    const { body } = await call('GET', `/work/${id}/events`)
    assert.deepEqual(
      body.items.filter((event) => event.verb === 'give_up').map((event) => event.text),
      ['已与主机对账，人工退回'],
    )
    await page.context().close()
  })
