// The walk that the demo leads a newcomer through: a theft, from its report to the pack, by the hands of four people, told by the page itself.
// On a phone, in Chinese, it is walked to its end; whatever is tapped and typed is counted.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { DESK, PHONE, asked, isSound, launch, on, open, signIn, until } from './browser.mjs'
import { signedIn, startDemo } from './demo.mjs'
import { ask, forgedSignIn } from './iso8583.mjs'
import { Person } from './person.mjs'

/** What the README promises. */
const WALK_MS_MAX = 15 * 60_000
/** Where pictures of each step go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS
const verify = (pack) => promisify(execFile)(process.env.TILLGUARD_BIN, ['verify', pack])

let demo
let browser
before(async () => {
  demo = await startDemo(['--walk', '--history-days', '3', '--rate', '5'])
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await demo?.stop()
})

const strip = (page, step) => page.locator(`[data-test="guide"][data-step="${step}"]`)
const duty = (page, name) => page.locator(`[data-test="duty"][data-duty="${name}"]:visible`)

/** One who walks, and looks at each step. */
class Walker extends Person {
  count = 0

  constructor(page) {
    super()
    this.page = page
  }

  /** Waits for the step to be next, and does what the strip says of it: goes there, or goes on as somebody else. */
  async follow(step, how = 'go') {
    await strip(this.page, step).waitFor()
    const button = on(this.page, `guide-${how}`)
    if (!(await button.count())) await this.tap(on(this.page, 'guide-fold'))
    await button.waitFor()
    await this.look(`${step}-${how}`)
    await this.tap(button)
  }

  /** Goes on as that person, and waits until the page is theirs. */
  async become(step, login) {
    await this.follow(step, 'become')
    await this.page.locator(`[data-test="guide"][data-login="${login}"]`).waitFor()
  }

  async look(name) {
    this.count += 1
    const path = `${SHOTS}/${String(this.count).padStart(2, '0')}-${name}.png`
    if (SHOTS) await this.page.screenshot({ path })
  }

  /** Ends a duty, wherever it stands among the others. */
  async end(name, verb, told) {
    const { page } = this
    const see = duty(page, name).locator('[data-test="duty-see"]')
    await on(page, 'next').waitFor()
    if (!(await see.count())) await this.tap(page.locator('[data-test="next"] details > summary'))
    await this.tap(see)
    await on(page, 'duty-send').waitFor()
    if (await on(page, `duty-${verb}`).count()) await this.tap(on(page, `duty-${verb}`))
    for (const [mark, text] of Object.entries(told)) await this.type(on(page, mark), text)
    await this.look(`${name}-${verb}`)
    await this.tap(on(page, 'duty-send'))
    await on(page, 'duty-send').waitFor({ state: 'detached' })
  }
}

test(
  'a newcomer is led through a theft in a quarter of an hour (zh-CN)',
  { timeout: 300_000 },
  async (test) => {
    const page = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
    const walker = new Walker(page)
    const began = Date.now()
    let looked_ms = 0
    /** Looking for faults is no part of the walk. */
    const sound = async (what) => {
      const from = Date.now()
      await isSound(page, what)
      looked_ms += Date.now() - from
    }

    await page.goto('/')
    await on(page, 'guide-begin').waitFor()
    await page.waitForFunction(() => document.querySelector('[data-test="login"]').value === 'owner')
    await walker.look('login')
    await sound('the log-in of a demo')
    await walker.tap(on(page, 'guide-fold'))
    await walker.type(on(page, 'password'), demo.account('owner').password)
    await walker.tap(on(page, 'submit'))

    await walker.follow('report')
    // As the strip says: one of the shop that the manager sees.
    await walker.tap(on(page, 'report-terminal', `[data-terminal="${demo.terminals[0].terminal_id}"]`))
    await on(page, 'confirm').waitFor()
    await walker.tap(page.locator('label:has([data-test="manner-stolen"])'))
    await walker.tap(on(page, 'confirm'))
    await on(page, 'stopped', '[data-state="open"]').waitFor()
    const id = new URL(page.url()).pathname.split('/').pop()

    // Nobody has to do anything for the attempts to come: somebody has it in hand.
    await walker.follow('attempts')
    await on(page, 'acknowledge').waitFor({ timeout: 60_000 })
    await sound('attempts, in the walk')
    await walker.tap(on(page, 'acknowledge'))

    await walker.follow('facts')
    await walker.type(on(page, 'comment-words'), '午市后不见的')
    await walker.tap(on(page, 'comment-send'))

    await walker.follow('police')
    await walker.tap(on(page, 'police-accept'))
    await walker.type(on(page, 'police-number'), '0417')
    await walker.look('police')
    await walker.tap(on(page, 'police-send'))

    // The hands change without a password typed again: the demo's people share one, and the page remembers it.
    await walker.become('acquirer', 'risk')
    await walker.end('acquirer_deregister', 'done', { 'duty-reference': 'ZX-1' })
    await sound('a risk officer on a phone, in the walk')

    await walker.become('money', 'manager')
    await sound('the manager, in the walk')
    await walker.end('check_transactions', 'done', { 'duty-words': '都对' })
    await walker.end('camera_footage', 'done', { 'duty-words': '存了' })
    await walker.end('exposure_assessment', 'propose_not_needed', { 'duty-words': '没有' })

    await walker.become('replacement', 'risk')
    const stands = (state) => on(page, 'replacement-one', `[data-state="${state}"]`).waitFor()
    await walker.tap(on(page, 'replacement-begin'))
    await stands('begun')
    await walker.tap(on(page, 'example'))
    await walker.look('device')
    await walker.tap(on(page, 'device-check'))
    await stands('device_checked')
    await walker.tap(on(page, 'guide-fold'))
    const made = (await on(page, 'guide-number').locator('.id').innerText()).trim()
    await walker.tap(on(page, 'guide-fold'))
    await walker.type(on(page, 'replacement-terminal'), made)
    await walker.tap(on(page, 'replacement-bind'))
    await stands('bound')
    await walker.tap(on(page, 'old-keys-send'))
    await stands('old_keys_dead')
    await page.locator(`[data-test="guide-go"][href="/terminals/${made}"]`).waitFor({ state: 'attached' })
    await walker.follow('replacement')
    await page.waitForURL(`**/terminals/${made}`)
    await walker.tap(on(page, 'set_key'))
    await walker.tap(on(page, 'example'))
    await walker.look('key')
    await walker.tap(on(page, 'keep'))
    await on(page, 'keep').waitFor({ state: 'detached' })
    await page.waitForFunction(
      () => document.querySelector('[data-test="guide-check"]') !== null,
      undefined,
      { timeout: 20_000 },
    )
    await walker.tap(on(page, 'guide-fold'))
    const check = (await on(page, 'guide-check').locator('.id').innerText()).trim()
    await walker.tap(on(page, 'guide-go'))
    // Another value is another key: nothing goes on with it.
    await on(page, 'keys-check').fill(check === '000000' ? '111111' : '000000')
    await on(page, 'keys-send').click()
    await stands('old_keys_dead')
    await on(page, 'keys-check').fill('')
    await walker.type(on(page, 'keys-check'), check)
    await walker.tap(on(page, 'keys-send'))
    await stands('keys_loaded')
    await walker.tap(on(page, 'test-begin'))
    await stands('testing')
    // The device is in the demo's hands: it sells and voids at the gate by itself.
    const sold = async (kind) =>
      until(
        page,
        async ([made, kind]) => {
          const answer = await fetch(`/api/v1/transactions?terminal_id=${made}&decision=approved&limit=50`)
          return (await answer.json()).items.some((one) => one.kind === kind)
        },
        [made, kind],
      )
    await sold('void')
    await walker.tap(on(page, 'test-pass'))
    await stands('tested')
    const lines = page.locator('[data-test="checklist"] .item')
    for (let at = 0; at < (await lines.count()); at++)
      await walker.tap(lines.nth(at).locator('label:has(input[value="yes"])'))
    await walker.tap(on(page, 'checklist-sign'))
    await stands('signed')
    await walker.tap(on(page, 'replacement-live'))
    await stands('live')
    await sound('a terminal of our gate, replaced')
    const live_at = Date.now()
    await walker.follow('replacement')
    await walker.end('replacement_notice', 'done', { 'duty-reference': 'BS-1' })
    await walker.end('card_crime_report', 'propose_not_needed', { 'duty-words': '没有' })

    await walker.become('closing', 'risk2')
    await walker.end('exposure_assessment', 'confirm_not_needed', {})
    await walker.end('card_crime_report', 'confirm_not_needed', {})
    await walker.follow('closing')
    await walker.type(on(page, 'close-words'), '已换新机')
    await walker.tap(on(page, 'close-send'))
    await on(page, 'pack-for').first().waitFor()

    await walker.follow('pack')
    const police = on(page, 'pack-for', '[data-for="police"]')
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      walker.tap(police.locator('[data-test="pack-make"]')),
    ])
    await strip(page, 'over').waitFor()
    const took_ms = Date.now() - began - looked_ms
    await walker.look('over')
    await sound('the end of the walk')
    test.diagnostic(
      `${walker.taps} taps, ${walker.keys} keys: ${Math.round(walker.slow_ms / 1_000)} s for a slow person; ` +
        `${Math.round(took_ms / 1_000)} s here`,
    )
    assert.ok(walker.slow_ms < WALK_MS_MAX, 'it takes longer than a quarter of an hour')

    // What the strip called done is done: by whom it had to be, and what was made proves itself.
    const risk = await signedIn(demo, 'risk')
    const { body: incident } = await risk('GET', `/incidents/${id}`)
    assert.deepEqual([incident.state, incident.ended, incident.approved_since], ['closed', 'not_found', 0])
    const { items } = (await risk('GET', `/incidents/${id}/duties`)).body
    const ended = (name) => items.find((one) => one.duty === name)
    assert.equal(ended('check_transactions').end.by, ended('camera_footage').end.by)
    assert.match(ended('check_transactions').end.by, /店长/)
    assert.ok(items.every((one) => !one.blocks_closing || ['done', 'not_needed'].includes(one.state)))
    for (const name of ['exposure_assessment', 'card_crime_report'])
      assert.notEqual(ended(name).end.by, ended(name).end.confirmed_by)
    assert.match((await verify(await file.path())).stdout, /^verified: /m)
    // The new one sells, the lost one does not.
    await until(
      page,
      async ([made, live_ms]) => {
        const answer = await fetch(`/api/v1/transactions?terminal_id=${made}&decision=approved&limit=50`)
        const { items } = await answer.json()
        return items.some((one) => one.kind === 'purchase' && Date.parse(one.decided_at) > live_ms)
      },
      [made, live_at],
    )
    const { body: lost } = await risk('GET', `/terminals/${incident.terminal_id}`)
    assert.equal(lost.state, 'lost')
    const device = demo.terminals.find((one) => one.terminal_id === incident.terminal_id)
    await ask(demo.gate, [forgedSignIn(device, 900_001)])
    const since = (await risk('GET', `/incidents/${id}`)).body
    assert.deepEqual([since.attempt_count, since.approved_since], [incident.attempt_count + 1, 0])
    assert.deepEqual(page.complaints, [])
    await page.context().close()
  },
)

test('two cases are further on, and say so truly', { timeout: 200_000 }, async () => {
  const risk = await signedIn(demo, 'risk')
  let cases
  for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((go) => setTimeout(go, 500))) {
    cases = (await risk('GET', '/incidents')).body.items
    if (cases.some((one) => one.merchant_name === '棉里服饰' && one.state === 'closed')) break
  }
  const of = (name) => cases.find((one) => one.merchant_name === name)
  const [halfWay, closed] = [of('沐春大药房'), of('棉里服饰')]
  assert.deepEqual([halfWay.state, closed.state, closed.ended], ['open', 'closed', 'not_found'])
  const { items: mine } = (await risk('GET', '/mentions')).body
  assert.equal(mine[0].incident_id, halfWay.id, 'who was asked by name is told so')
  const duties = (await risk('GET', `/incidents/${halfWay.id}/duties`)).body.items
  const state = (name) => duties.find((one) => one.duty === name).state
  assert.deepEqual(['police_report', 'acquirer_deregister', 'check_transactions'].map(state), [
    'done',
    'done',
    'open',
  ])
  assert.equal((await risk('GET', `/incidents/${halfWay.id}/police`)).body.state, 'accepted')

  const page = await open(browser, demo, { size: DESK, language: 'en-GB', theme: 'dark' })
  await signIn(page, demo.account('risk'))
  await page.goto(`/incidents/${closed.id}`)
  await on(page, 'pack-for').first().waitFor()
  await isSound(page, 'a closed case of the demo')
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    on(page, 'pack-for', '[data-for="court"]').locator('[data-test="pack-make"]').click(),
  ])
  assert.match((await verify(await file.path())).stdout, /^verified: /m)
  await page.goto(`/incidents/${halfWay.id}`)
  await on(page, 'replacement-one', '[data-state="device_checked"]').waitFor()
  await isSound(page, 'a case of the demo, half-way')
  await page.context().close()
})

test('a house that is no demo has no guide', { timeout: 120_000 }, async () => {
  const plain = await startDemo(['--history-days', '0'])
  try {
    const page = await open(browser, plain, { size: PHONE, language: 'en-GB' })
    await signIn(page, plain.account('owner'))
    await on(page, 'terminal-row').first().waitFor()
    assert.equal(await on(page, 'guide').count(), 0)
    const { body } = await asked(page, 'GET', '/hotline')
    assert.equal(body.demo, null)
    await page.context().close()
  } finally {
    await plain.stop()
  }
})
