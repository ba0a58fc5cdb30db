// Every page, in both languages and themes, on a phone and at a desk.
import { after, before, test } from 'node:test'
import { DESK, PHONE, isSound, launch, on, open, signIn } from './browser.mjs'
import { signedIn, startDemo } from './demo.mjs'

let demo
let browser
let incident
let terminal
before(async () => {
  demo = await startDemo()
  browser = await launch()
  const call = await signedIn(demo, 'owner')
  const { body } = await call('GET', '/terminals?state=running&limit=2')
  terminal = body.items[1]
  const lost = body.items[0].terminal_id
  incident = (await call('POST', '/incidents', { terminal_id: lost, manner: 'stolen' })).body
  await call('POST', `/terminals/${terminal.terminal_id}/lock`, {})
})
after(async () => {
  await browser?.close()
  await demo?.stop()
})

/** Address, and the mark that says the page has what it is for. */
const shopPages = () => [
  ['/', 'terminal-row'],
  ['/report', 'report-terminal'],
  [`/report/${terminal.terminal_id}`, 'confirm'],
  ['/incidents', 'incident-row'],
  [`/incidents/${incident.id}`, 'stopped'],
  [`/terminals/${terminal.terminal_id}`, 'verdict'],
  ['/contacts', 'add-contact'],
  ['/contacts/new', 'save'],
  ['/scan', 'scan-open'],
  ['/labels', 'label'],
  ['/nowhere', 'not-found'],
]
const deskPages = () => [
  ['/incidents', 'incident-row'],
  [`/incidents/${incident.id}`, 'stopped'],
  ['/terminals', 'terminal-row'],
  [`/terminals/${terminal.terminal_id}`, 'verdict'],
  ['/report', 'report-terminal'],
  ['/contacts', 'add-contact'],
  ['/work', 'work-stuck'],
  ['/scan', 'scan-open'],
  ['/labels?q=1', 'label'],
  ['/settings', 'save-host'],
]

const LOOKS = [
  { language: 'zh-CN', theme: 'light', size: PHONE },
  { language: 'en', theme: 'dark', size: PHONE },
  { language: 'zh-CN', theme: 'dark', size: DESK },
  { language: 'en', theme: 'light', size: DESK },
]

for (const look of LOOKS) {
  const name = `${look.language}, ${look.theme}, ${look.size.width} px`
  for (const [login, pages] of [
    ['owner', shopPages],
    ['risk', deskPages],
  ]) {
    test(`every page of ${login} is sound: ${name}`, { timeout: 180_000 }, async () => {
      const page = await open(browser, demo, look)
      await page.goto('/login')
      await on(page, 'login').waitFor()
      await isSound(page, `/login ${name}`)
      await signIn(page, demo.account(login))
      for (const [path, mark] of pages()) {
        await page.goto(path)
        await on(page, mark).first().waitFor()
        // There is always somebody to call.
        if (login === 'owner') await page.locator('a[href^="tel:"]:visible').first().waitFor()
        await isSound(page, `${path} ${name}`)
        if (mark !== 'stopped') continue
        // Each press takes one out of the list.
        const folded = page.locator('main details:not([open]) > summary')
        while (await folded.count()) await folded.first().click()
        await page.locator('[data-test="transaction"]').first().waitFor()
        await isSound(page, `${path} ${name}, all of it`)
      }
      await page.context().close()
    })
  }
}
