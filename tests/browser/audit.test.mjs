// The page of record: who did what in words, verified in the browser; what was changed behind our back is an alarm until somebody
// has understood it.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { asked, DESK, isSound, launch, on, open, PHONE, until } from './browser.mjs'
import { startHouse } from './house.mjs'

const ACCOUNT = { login: 'risk', name: '王芳', password: 'teapot-in-the-rain' }
/** Where pictures go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS

let browser
before(async () => (browser = await launch()))
after(async () => await browser?.close())

const looked = (page, name) =>
  SHOTS && page.screenshot({ path: `${SHOTS}/audit-${name}.png`, fullPage: true })

/** An acquirer's house in London, with something in its record. */
async function house(test, options) {
  const house = await startHouse()
  test.after(() => house.stop())
  const page = await open(browser, house, options)
  const token = new URL(house.setUpUrl).searchParams.get('token')
  const said = {
    mode: 'acquirer',
    language: 'zh',
    time_zone: 'Europe/London',
    currency: 'GBP',
    account: ACCOUNT,
  }
  await page.goto('/login')
  assert.equal((await asked(page, 'POST', '/setup', { token, ...said })).status, 201)
  await page.goto('/')
  const contact = { merchant_id: null, kind: 'police', name: 'Bow Street', hotline: '101' }
  assert.equal((await asked(page, 'POST', '/contacts', contact)).status, 201)
  await until(
    page,
    async () => (await (await fetch('/api/v1/audit/records?subject=contact')).json()).items.length === 1,
  )
  return { house, page }
}

/** As whoever has the database does it: without the trigger that forbids it. */
function changeBehindOurBack(house) {
  const statements = `
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], timeout=20)
for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event' AND sql LIKE '%UPDATE%'").fetchall():
    store.execute(f'DROP TRIGGER "{name}"')
assert store.execute("UPDATE event SET actor = 'somebody' WHERE subject = 'contact'").rowcount == 1
# All of it was looked through just now, and would be again in ten minutes.
store.execute("UPDATE work SET due_at_ms = 0 WHERE kind = 'audit' AND subject_id = 'check'")
store.commit()
`
  execFileSync('python3', ['-c', statements, join(house.data, 'store.db')])
}

const RAW = /\b(set_up|finding_acknowledged|create)\b/

for (const [name, options, words] of [
  [
    'zh',
    { size: DESK, language: 'zh-CN' },
    {
      added: '添加',
      sound: /没有发现改动/,
      unsound: /与应有的不符/,
      but: /都已查明/,
      done: '日志异常已查明',
    },
  ],
  [
    'en-phone-dark',
    { size: PHONE, language: 'en-GB', theme: 'dark', zone: 'Asia/Kolkata' },
    {
      added: 'Added',
      sound: /none found changed/,
      unsound: /not as it must be/,
      but: /what was found is understood/,
      done: 'Finding understood',
    },
  ],
])
  test(
    `a record is read and verified, a change is found and understood: ${name}`,
    { timeout: 180_000 },
    async (test) => {
      const { house: one, page } = await house(test, options)
      await page.goto('/audit')
      const row = on(page, 'audit-row')
      await row.filter({ hasText: words.added }).first().waitFor()
      const text = await page.locator('main, .desk').first().innerText()
      assert.doesNotMatch(text, RAW, 'a code where a word belongs')
      assert.match(text, words.sound)
      assert.match(text, /Europe\/London/)
      await isSound(page, `${name}: the list`)
      await looked(page, `${name}-list`)

      await row.filter({ hasText: words.added }).first().click()
      await on(page, 'audit-verify').click()
      await on(page, 'audit-verified').waitFor()
      for (const step of ['leaf', 'path', 'signature', 'who'])
        assert.equal(await on(page, `step-${step}`).getAttribute('data-end'), 'right', step)
      assert.doesNotMatch(await page.locator('body').innerText(), RAW)
      await isSound(page, `${name}: a record`)
      await looked(page, `${name}-record`)

      changeBehindOurBack(one)
      await page.reload()
      await on(page, 'audit-verify').click()
      await on(page, 'audit-verified').waitFor()
      assert.equal(await on(page, 'step-who').getAttribute('data-end'), 'wrong', 'the leaf does not bend')
      await until(page, async () => !(await (await fetch('/api/v1/audit/status')).json()).is_sound)
      await page.goto('/audit')
      await on(page, 'finding').waitFor()
      assert.match(await on(page, 'audit-status').innerText(), words.unsound)
      await isSound(page, `${name}: an alarm`)
      await looked(page, `${name}-alarm`)
      await on(page, 'acknowledge').click()
      await on(page, 'acknowledge-sure').click()
      await on(page, 'field-problem').waitFor()
      await on(page, 'reason').fill('从旧备份恢复')
      await isSound(page, `${name}: what it was`)
      await looked(page, `${name}-ask`)
      await on(page, 'acknowledge-sure').click()
      await on(page, 'finding').waitFor({ state: 'detached' })
      await on(page, 'understood').locator('summary').click()
      assert.match(await on(page, 'understood').innerText(), /risk/)
      assert.match(await on(page, 'audit-status').innerText(), words.but)
      assert.doesNotMatch(await on(page, 'audit-status').innerText(), words.sound)
      // It is part of the record itself.
      await until(
        page,
        async () => (await (await fetch('/api/v1/audit/records?subject=setting')).json()).items.length === 2,
      )
      await page.goto('/audit?state=setting')
      await row.filter({ hasText: words.done }).first().waitFor()
      // A day is a day of the house's clock.
      const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(new Date())
      await page.goto(`/audit?from=${today}&to=${today}`)
      await row.filter({ hasText: words.done }).first().waitFor()
      await page.goto(`/audit?to=2026-01-01`)
      await on(page, 'empty').waitFor()
      await page.context().close()
    },
  )
