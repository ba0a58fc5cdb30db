// Nothing gets in the way: the next step in sight, few bytes, a keyboard, an ear, no network, another zoom.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isSound, launch, on, open, signIn, DESK, PHONE } from './browser.mjs'
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

async function lose(login) {
  const terminal = await tradingTerminal(demo, login)
  const call = await signedIn(demo, login)
  const { body } = await call('POST', '/incidents', { terminal_id: terminal.terminal_id, manner: 'stolen' })
  return { terminal, id: body.id }
}

/** Bytes that came over the wire and requests, from now on. */
async function metered(page) {
  const meter = { bytes: 0, requests: [] }
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  session.on('Network.requestWillBeSent', ({ request }) => meter.requests.push(request.url))
  // A stream never ends, so its bytes are counted as they come.
  session.on('Network.dataReceived', ({ encodedDataLength }) => (meter.bytes += encodedDataLength))
  return meter
}

test(
  'one screen says stopped, the facts, the newest attempt, and the next step with its button',
  { timeout: 120_000 },
  async () => {
    const { id } = await lose('owner')
    for (const language of ['zh-CN', 'en']) {
      const page = await open(browser, demo, { language })
      await signIn(page, demo.account('owner'))
      await page.goto(`/incidents/${id}`)
      await on(page, 'acknowledge').waitFor({ timeout: 60_000 })
      for (const mark of ['stopped', 'approved-since', 'newest', 'duty-act']) {
        const box = await on(page, mark).first().boundingBox()
        assert.ok(
          box && box.y + box.height <= PHONE.height,
          `${mark} ends at ${box?.y + box?.height} px (${language})`,
        )
      }
      await page.context().close()
    }
  },
)

test('an attempt costs its own bytes: nothing is asked for again', { timeout: 120_000 }, async () => {
  const { id } = await lose('owner')
  const page = await open(browser, demo, { size: DESK })
  await signIn(page, demo.account('risk'))
  await page.goto(`/incidents/${id}`)
  await on(page, 'stopped').waitFor()
  await page.locator('[data-test="link"][data-link="live"]').first().waitFor()
  await page.waitForLoadState('domcontentloaded')
  const seen = async () => Number.parseInt(await on(page, 'attempt-count').innerText(), 10)
  await page.waitForFunction(
    () => Number.parseInt(document.querySelector('[data-test="attempt-count"]')?.innerText ?? '0', 10) >= 1,
    null,
    { timeout: 60_000 },
  )
  const meter = await metered(page)
  const first = await seen()
  await page.waitForFunction(
    (before) =>
      Number.parseInt(document.querySelector('[data-test="attempt-count"]').innerText, 10) >= before + 3,
    first,
    { timeout: 90_000 },
  )
  const asked = meter.requests.filter((url) =>
    new RegExp(`/transactions|/activity|/incidents/${id}(/timeline.*)?$`).test(url),
  )
  const each = Math.round(meter.bytes / ((await seen()) - first))
  console.log(`bytes per attempt, and all else that came meanwhile: ${each}`)
  // The page looks at the incident once a minute; no attempt makes it look.
  assert.ok(asked.length <= 1, asked.join('\n'))
  await page.context().close()
})

test(
  'the report is a few presses of a key away, and the row in hand is not under the button',
  { timeout: 60_000 },
  async () => {
    const page = await open(browser, demo)
    await signIn(page, demo.account('owner'))
    await on(page, 'terminal-row').first().waitFor()
    await page.evaluate(() => document.activeElement?.blur())
    let presses = 0
    const here = () => page.evaluate(() => document.activeElement?.getAttribute('href') === '/report')
    while (!(await here()) && presses < 40) {
      await page.keyboard.press('Tab')
      presses += 1
    }
    assert.ok(presses <= 3, `${presses} presses`)
    const foot = await page.locator('[data-test="report"]').last().boundingBox()
    for (let row = 0; row < 30; row++) {
      await page.keyboard.press('Tab')
      const box = await page.evaluate(() => {
        const one = document.activeElement
        const { bottom } = one.getBoundingClientRect()
        return { bottom, row: one.getAttribute('data-test') === 'terminal-row' }
      })
      if (box.row)
        assert.ok(
          box.bottom <= foot.y + 1,
          `a row in hand ends at ${box.bottom}, the foot begins at ${foot.y}`,
        )
    }
    await page.context().close()
  },
)

test('who listens hears that it is stopped, and each attempt once', { timeout: 120_000 }, async () => {
  const terminal = await tradingTerminal(demo, 'owner2')
  const page = await open(browser, demo)
  await signIn(page, demo.account('owner2'))
  await page.goto(`/report/${terminal.terminal_id}`)
  await page.evaluate(() => {
    window.heard = []
    const regions = '[aria-live], [role="status"], [role="alert"]'
    const told = (text) => text.replace(/\s+/g, ' ').trim()
    const last = new WeakMap()
    new MutationObserver((changes) => {
      const touched = new Set(
        changes.map(({ target }) =>
          (target.nodeType === 1 ? target : target.parentElement)?.closest(regions),
        ),
      )
      for (const region of touched) {
        const text = region && told(region.textContent)
        if (text && last.get(region) !== text) window.heard.push({ text, at: performance.now() })
        if (region) last.set(region, text)
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
  await on(page, 'confirm').click()
  await on(page, 'stopped').waitFor()
  await on(page, 'acknowledge').waitFor({ timeout: 60_000 })
  await page.waitForFunction(() => window.heard.some((one) => /已拒绝|被拒/.test(one.text)), null, {
    timeout: 60_000,
  })
  const heard = await page.evaluate(() => window.heard)
  const all = JSON.stringify(heard)
  assert.ok(
    heard.some((one) => one.text.includes('已停用')),
    all,
  )
  // A terminal tries on while a slow machine reads: what is said twice is said within moments.
  const attempts = heard.filter((one) => /已拒绝|被拒/.test(one.text))
  for (const [index, one] of attempts.slice(1).entries())
    assert.ok(one.at - attempts[index].at >= SPOKEN_EVERY_MS - 500, all)
  await page.context().close()
})

test('an officer at 200 % zoom is an officer', { timeout: 60_000 }, async () => {
  const { id } = await lose('owner3')
  const page = await open(browser, demo, { size: { width: DESK.width / 2, height: DESK.height / 2 } })
  await signIn(page, demo.account('risk'))
  await page.locator('[data-test="incident-row"] >> role=cell').first().waitFor()
  await page.goto(`/incidents/${id}`)
  for (const mark of ['attempt-count', 'receipt', 'timeline-item', 'gate'])
    await on(page, mark).first().waitFor()
  await isSound(page, 'an incident at 200 %')
  await page.context().close()
})

test(
  'without a network the pages open, say from when they are, and send the report later',
  { timeout: 120_000 },
  async () => {
    const terminal = await tradingTerminal(demo, 'owner2')
    const page = await open(browser, demo, { worker: true })
    await signIn(page, demo.account('owner2'))
    await on(page, 'terminal-row').first().waitFor()
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    await on(page, 'terminal-row').first().waitFor()
    await page.context().setOffline(true)
    await page.reload()
    await on(page, 'terminal-row').first().waitFor()
    assert.match(await on(page, 'old').innerText(), /没有网络.*的情况，现在可能不同/)
    await on(page, 'report').click()
    await on(page, 'report-terminal', `[data-terminal="${terminal.terminal_id}"]`).click()
    await on(page, 'confirm').click()
    await on(page, 'pending-report', '[data-stage="offline"]').waitFor()
    assert.match(await on(page, 'pending-report').innerText(), /你的手机没有网络/)
    await on(page, 'hotline').waitFor()
    await isSound(page, 'a report without a network')
    await page.context().setOffline(false)
    await on(page, 'stopped').waitFor({ timeout: 60_000 })
    const { body } = await (await signedIn(demo, 'owner2'))('GET', `/terminals/${terminal.terminal_id}`)
    assert.equal(body.state, 'lost')
    await page.context().close()
  },
)

test('who cannot sign in is told whom to call', { timeout: 60_000 }, async () => {
  const page = await open(browser, demo)
  await page.goto('/login')
  await on(page, 'hotline').waitFor()
  assert.match(await on(page, 'hotline').getAttribute('href'), /^tel:\+?\d+$/)
  await page.context().close()
})

test('the second person gets a link', { timeout: 60_000 }, async () => {
  const { id } = await lose('owner')
  const call = await signedIn(demo, 'owner')
  await call('POST', `/incidents/${id}/found`, { kind: 'false_alarm', statement: '找到了' })
  const page = await open(browser, demo)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.addInitScript(() => Object.defineProperty(navigator, 'share', { value: undefined }))
  await signIn(page, demo.account('owner'))
  await page.goto(`/incidents/${id}`)
  await on(page, 'share').click()
  const shared = await page.waitForFunction(() => navigator.clipboard.readText())
  assert.ok((await shared.jsonValue()).endsWith(`/incidents/${id}`))
  await page.context().close()
})

test(
  'the list of incidents is searched, sorted and filtered by its address',
  { timeout: 60_000 },
  async () => {
    const { terminal, id } = await lose('owner')
    const page = await open(browser, demo, { size: DESK })
    await signIn(page, demo.account('risk'))
    await on(page, 'incident-row').first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type(terminal.terminal_id)
    await page.waitForURL((url) => url.searchParams.get('q') === terminal.terminal_id)
    await page.waitForFunction(() => document.querySelectorAll('[data-test="incident-row"]').length === 1)
    assert.match(await on(page, 'incident-row').innerText(), new RegExp(id))
    await page.goto('/incidents?sort=-money&state=open')
    await on(page, 'incident-row').first().waitFor()
    const money = (await page.locator('[data-test="incident-row"] a.plain').allInnerTexts()).map((one) =>
      Number(one.replace(/[^\d.]/g, '')),
    )
    assert.deepEqual(
      money,
      [...money].sort((a, b) => b - a),
    )
    const downloaded = page.waitForEvent('download')
    await on(page, 'export').click()
    assert.match((await downloaded).suggestedFilename(), /^incidents-\d{4}-\d\d-\d\d\.csv$/)
    await page.context().close()
  },
)

test(
  'the first view of a shop stays under 200 KB, the console under 350 KB',
  { timeout: 60_000 },
  async () => {
    for (const [login, path, mark, most_kb, size] of [
      ['owner', '/', 'terminal-row', 200, PHONE],
      ['risk', '/terminals', 'terminal-row', 350, DESK],
    ]) {
      const page = await open(browser, demo, { size })
      await signIn(page, demo.account(login))
      // Signed in, with nothing kept of an earlier visit.
      const storageState = await page.context().storageState()
      const context = await browser.newContext({
        viewport: size,
        baseURL: demo.url,
        serviceWorkers: 'block',
        storageState,
      })
      const fresh = await context.newPage()
      const meter = await metered(fresh)
      await fresh.goto(path)
      await on(fresh, mark).first().waitFor()
      const kb = meter.bytes / 1024
      console.log(`${path}: ${kb.toFixed(0)} KB in ${meter.requests.length} requests`)
      assert.ok(kb > 50 && kb < most_kb, `${path}: ${kb.toFixed(0)} KB`)
      await Promise.all([context.close(), page.context().close()])
    }
  },
)
