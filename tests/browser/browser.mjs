// Chromium, and pages that fail a test when the browser complains.
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'

export const PHONE = { width: 390, height: 844 }
export const DESK = { width: 1440, height: 900 }

/** `more`: what else Chromium is told, such as which file its camera shows. */
export const launch = (more = []) =>
  chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', ...more] })

/**
 * A page of its own session; `complaints` gathers what went wrong in it. Its service worker is off unless a test is about
 * it, so that every file comes from the server.
 */
export async function open(
  browser,
  demo,
  { size = PHONE, language = 'zh-CN', theme = 'light', zone = 'Asia/Shanghai', worker = false } = {},
) {
  const context = await browser.newContext({
    viewport: size,
    locale: language,
    colorScheme: theme,
    timezoneId: zone,
    serviceWorkers: worker ? 'allow' : 'block',
    baseURL: demo.url,
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const complaints = []
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    // Answers such as 401 are told by the page itself; the browser mentions them too, and what plain HTTP lacks.
    const known =
      /Failed to load resource|Service Worker registration blocked|net::ERR_INTERNET_DISCONNECTED|Cross-Origin-Opener-Policy header has been ignored/.test(
        message.text(),
      )
    if (['error', 'warning'].includes(message.type()) && !known) complaints.push(message.text())
  })
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    const own = origin === new URL(demo.url).origin || protocol === 'data:' || protocol === 'blob:'
    if (!own) complaints.push(`loads from elsewhere: ${request.url()}`)
  })
  return Object.assign(page, { complaints })
}

export async function signIn(page, { login, password }) {
  await page.goto('/login')
  await on(page, 'login').fill(login)
  await on(page, 'password').fill(password)
  await on(page, 'submit').click()
  await page.waitForURL((url) => url.pathname !== '/login')
}

/** Opens a part of the incident's page that is folded away. */
export async function unfold(page, part) {
  const box = page.locator(`details[data-test="${part}"]`)
  if ((await box.count()) && !(await box.evaluate((one) => one.open))) await box.locator('> summary').click()
}

/** What carries this mark and can be seen. */
export const on = (page, mark, more = '') => page.locator(`[data-test="${mark}"]${more}:visible`)

/** What a thumb has to press and is smaller than 44 px. Pages of a desk are for a pointer. */
const tooSmall = (page) =>
  page.evaluate((least) => {
    if (innerWidth > 480 || document.querySelector('.desk')) return []
    const size = (one) => {
      const pressed = one.matches('[type=checkbox], [type=radio], [type=file]') && one.closest('label')
      const box = (pressed || one).getBoundingClientRect()
      const around = getComputedStyle(one, '::after')
      const more = around.content !== 'none' && around.position === 'absolute'
      return [
        Math.max(box.width, more && parseFloat(around.width)),
        Math.max(box.height, more && parseFloat(around.height)),
      ]
    }
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.matches('.unseen, .skip'))
      .filter((one) => size(one).some((px) => px < least))
      .map((one) => `${one.outerHTML.slice(0, 120)} ${size(one).map(Math.round).join('×')}`)
  }, 43.5)

/** A folder for pictures of what is looked at, for people. */
const SHOTS = process.env.TILLGUARD_SHOTS
let shots = 0

/** No accessibility violation, nothing to scroll sideways, nothing too small, no word missing, no complaint. */
export async function isSound(page, what) {
  // Looks at one frame only, which is all that a page of ours has: the other way opens a page of its own each time.
  assert.equal(page.frames().length, 1, `${what}: a frame is not looked at`)
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`),
  )
  if (SHOTS)
    await page.screenshot({ path: `${SHOTS}/${what.replaceAll(' ', '-')}-${++shots}.png`, fullPage: true })
  assert.deepEqual(found, [], `${what}: accessibility`)
  const { wide, text } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    text: document.body.innerText,
  }))
  assert.ok(wide <= 0, `${what}: ${wide} px wider than the screen`)
  assert.deepEqual(await tooSmall(page), [], `${what}: too small for a thumb`)
  assert.doesNotMatch(text, /undefined|NaN|\[object/, `${what}: a word is missing`)
  assert.deepEqual(page.complaints, [], `${what}: complaints`)
}

/**
 * Waits until it is so, as the page's own script finds out by asking the server. (Playwright's `waitForFunction` takes the promise
 * of an answer for the answer.)
 */
export async function until(page, isSo, told, ms_max = 60_000) {
  for (const end = Date.now() + ms_max; !(await page.evaluate(isSo, told)); await wait(100))
    assert.ok(Date.now() < end, `not so within ${ms_max} ms: ${isSo}`)
}

/** Waits until there are this many: what a page shows of an answer may come after another answer's part of it. */
export async function countIs(located, count, why, ms_max = 30_000) {
  let found
  for (const end = Date.now() + ms_max; (found = await located.count()) !== count && Date.now() < end;)
    await wait(50)
  assert.equal(found, count, why)
}

/** What the page's own script would ask of the API, with the session that the page has. */
export const asked = (page, method, path, data) =>
  page.evaluate(
    async ([method, path, data]) => {
      const headers = { 'Content-Type': 'application/json', 'X-Tillguard': '1' }
      const answer = await fetch(`/api/v1${path}`, { method, headers, body: JSON.stringify(data) })
      return { status: answer.status, body: await answer.json().catch(() => null) }
    },
    [method, path, data],
  )

/** A picture as a browser makes one. */
export async function picture(page) {
  const url = await page.evaluate(() => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 64
    const ink = canvas.getContext('2d')
    ink.fillStyle = 'teal'
    ink.fillRect(0, 0, 64, 40)
    return canvas.toDataURL('image/jpeg')
  })
  return Buffer.from(url.split(',')[1], 'base64')
}
