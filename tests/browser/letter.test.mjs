// A letter to a bank, on a phone: written, opened, mailed or handed over, answered.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PHONE, asked, isSound, launch, on, open, signIn, unfold } from './browser.mjs'
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

const stands = (page, state) => on(page, 'letter-state', `[data-state="${state}"]`).waitFor()

test('a letter goes out from a phone and is answered', { timeout: 120_000 }, async () => {
  const page = await open(browser, demo, { size: PHONE, language: 'zh-CN' })
  await signIn(page, demo.account('owner'))
  const terminal = await tradingTerminal(demo, 'owner')
  const report = { terminal_id: terminal.terminal_id, manner: 'stolen' }
  const { body: reported } = await asked(page, 'POST', '/incidents', report)
  const list = async () => (await asked(page, 'GET', `/incidents/${reported.id}/letters`)).body.items
  await page.goto(`/incidents/${reported.id}`)
  await page.locator('[data-test="letters"]').first().waitFor()
  await unfold(page, 'letters')
  await on(page, 'letters-none').waitFor()
  await on(page, 'letter-write').click()
  await on(page, 'letter-form').waitFor()

  // Who is no contact is typed; a name is asked for beside its field.
  await on(page, 'letter-to').selectOption('other')
  await on(page, 'letter-save').click()
  await on(page, 'field-problem').waitFor()
  await on(page, 'letter-questions').click()
  await isSound(page, 'the form')
  await on(page, 'letter-name').fill('城南银行')
  await on(page, 'letter-email').fill('fraud@bank.example')
  await on(page, 'letter-question-refunds').uncheck()
  // The case moves meanwhile, and what is offered is read anew: what was chosen stays.
  const readAnew = page.waitForResponse((one) =>
    new URL(one.url()).pathname.endsWith(`${reported.id}/letters`),
  )
  await asked(page, 'POST', `/incidents/${reported.id}/comments`, { text: '监控已保存' })
  await readAnew
  await on(page, 'letter-save').click()
  await stands(page, 'draft')
  const [draft] = await list()
  assert.deepEqual(draft.questions, ['payments', 'payee', 'device', 'keep'])
  assert.match(await on(page, 'letter-one').innerText(), new RegExp(`查询函 ${draft.number}`))

  // What is opened is what is mailed: it is made once.
  const [file] = await Promise.all([page.waitForEvent('download'), on(page, 'letter-open').click()])
  assert.equal(file.suggestedFilename(), `letter-${draft.number}.pdf`)
  // What is wrong in it is changed before it goes out, and its PDF made anew.
  await on(page, 'letter-change').click()
  await on(page, 'letter-form').waitFor()
  assert.equal(await on(page, 'letter-name').inputValue(), '城南银行')
  await on(page, 'letter-questions').click()
  assert.equal(await on(page, 'letter-question-refunds').isChecked(), false)
  await isSound(page, 'a draft to be changed')
  await on(page, 'letter-email').fill('risk@bank.example')
  await on(page, 'letter-save').click()
  await on(page, 'letter-form').waitFor({ state: 'detached' })
  const [changed] = await list()
  assert.deepEqual(
    [changed.number, changed.to.email, changed.document_sha256, changed.due_on],
    [draft.number, 'risk@bank.example', null, draft.due_on],
  )
  await on(page, 'letter-mail').click()
  assert.match(await on(page, 'letter-mail-to').innerText(), /risk@bank\.example/)
  await isSound(page, 'before it is mailed')
  await on(page, 'letter-do').click()
  await stands(page, 'sent')
  const mailbox = await (await fetch(demo.mailbox)).text()
  assert.ok(mailbox.includes(draft.number), 'it has arrived')
  await on(page, 'letter-answer').click()
  await on(page, 'letter-do').click()
  await on(page, 'field-problem').waitFor()
  await on(page, 'letter-text').fill('三笔都已清算，款项划入尾号 8888 的账户')
  await on(page, 'letter-reference').fill('CN-2026-118')
  await on(page, 'letter-do').click()
  await stands(page, 'answered')
  assert.equal((await list())[0].answer.reference, 'CN-2026-118')

  // One without an address is handed over.
  const said = { kind: 'inquiry', language: 'zh', to: { name: '城北银行' }, due_in_days: 7 }
  await asked(page, 'POST', `/incidents/${reported.id}/letters`, said)
  await on(page, 'letter-hand_over').click()
  await on(page, 'letter-do').click()
  await stands(page, 'sent')
  await isSound(page, 'letters')
})
