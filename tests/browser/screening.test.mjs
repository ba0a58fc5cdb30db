// Rules for payments: checked as they are written, tried on what is past, signed off by somebody else, used, and taken back to.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, PHONE, asked, isSound, launch, on, open, signIn } from './browser.mjs'
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

test('a rule is checked, tried on what is past, signed off and heard', { timeout: 90_000 }, async () => {
  const { terminal_id } = await tradingTerminal(demo, 'owner')
  const page = await open(browser, demo, { language: 'en-GB', size: DESK })
  await signIn(page, demo.account('risk'))
  await page.goto('/screening/rules')
  await on(page, 'no-revisions').waitFor()
  await isSound(page, 'no rules yet')
  await on(page, 'begin').click()
  await on(page, 'no-rules').waitFor()
  await on(page, 'add-rule').click()

  // What is wrong is said while it is written, and is not saved.
  await on(page, 'text-zh').fill('任何销售')
  await on(page, 'text-en').fill('Any sale')
  await on(page, 'when').fill("kind == 'sale' && hours < 24")
  await page.getByText('character 19: there is no variable hours').waitFor()
  await on(page, 'wrong').waitFor()
  assert.equal(await on(page, 'save').isDisabled(), true)
  assert.equal(await on(page, 'run-back-test').isDisabled(), true)
  await isSound(page, 'a rule that is wrong')
  await on(page, 'when').fill("kind == 'sale'")
  await on(page, 'right').waitFor()

  await on(page, 'run-back-test').click()
  const tested = on(page, 'tested-rule_1')
  await tested.waitFor()
  assert.match(await tested.innerText(), /would have marked: [1-9]/)
  await tested.getByText('By day').click()
  await tested.getByText('Examples').click()
  assert.ok((await tested.locator('a').count()) > 0, 'an example leads to its terminal')
  await isSound(page, 'a back-test')
  // What is shown is of the rules as they were.
  await on(page, 'when').fill("kind == 'sale' && is_out_of_hours")
  await tested.waitFor({ state: 'detached' })
  await on(page, 'when').fill("kind == 'sale'")
  await on(page, 'right').waitFor()
  await on(page, 'save').click()
  await on(page, 'diff').getByText('rule_1').waitFor()
  await on(page, 'propose').click()
  await on(page, 'second-person').waitFor()
  assert.equal(await on(page, 'sign_off').count(), 0, 'nobody signs off what that person wrote')

  const second = await open(browser, demo, { language: 'zh-CN', size: PHONE })
  await signIn(second, demo.account('risk2'))
  await second.goto('/screening/rules')
  await on(second, 'to-revision').click()
  await on(second, 'rule-rule_1').locator('summary').click()
  await on(second, 'diff').getByText('rule_1').waitFor()
  await isSound(second, 'rules to sign off')
  assert.equal(await on(second, 'sign_off').isDisabled(), true)
  await on(second, 'seen').check()
  await on(second, 'sign_off').click()
  await on(second, 'revision', '[data-state="in_use"]').waitFor()
  await isSound(second, 'rules in use')

  // In shadow it is counted beside the ranked payments, and moves none of them.
  const { body: lost } = await asked(page, 'POST', '/incidents', { terminal_id, manner: 'stolen' })
  const path = `/incidents/${lost.id}/suspects`
  const { body: before } = await asked(page, 'GET', path)
  assert.ok(before.shadow[0].would_have_marked > 0)
  assert.ok(before.items.every(({ reasons }) => reasons.every(({ code }) => code !== 'rule')))
  await page.goto(path)
  await on(page, 'shadow').locator('summary').click()
  await on(page, 'shadow-rule_1').waitFor()
  await isSound(page, 'payments with rules in shadow')

  // A version begun from another: the way on, and the way back.
  await page.goto('/screening/rules')
  await on(page, 'to-revision').click()
  await on(page, 'copy').click()
  await on(page, 'revision', '[data-state="draft"]').waitFor()
  await on(page, 'rule-rule_1').locator('summary').click()
  await on(page, 'stage-rule_1-live').check({ force: true })
  await on(page, 'right').waitFor()
  await on(page, 'save').click()
  await on(page, 'diff').getByText('"live"').waitFor()

  // A model learns from marks, says what it is good for, and is heard beside the score once somebody else agrees.
  await page.goto('/screening/rules')
  page.once('dialog', (dialog) => dialog.accept())
  await on(page, 'to-models').click()
  await on(page, 'begin').click()
  await page.getByText('People called 0 payments').waitFor()
  const names = before.items.map(({ id }) => id)
  for (const [items, mark] of [
    [names.slice(0, 25), 'fraudulent'],
    [names.slice(25, 50), 'genuine'],
  ])
    await asked(page, 'POST', '/marks', { incident_id: lost.id, items, mark })
  await on(page, 'begin').click()
  await on(page, 'model-card').waitFor()
  await on(page, 'compare').click()
  await on(page, 'drift-had').waitFor()
  await isSound(page, 'a model')
  await on(page, 'propose').click()
  await on(page, 'second-person').waitFor()
  await second.goto(new URL(page.url()).pathname)
  await on(second, 'seen').check()
  await isSound(second, 'a model to sign off')
  await on(second, 'sign_off').click()
  await on(second, 'revision', '[data-state="in_use"]').waitFor()
  await second.context().close()
  await page.goto(path)
  await on(page, 'second-opinion').waitFor()
  await isSound(page, 'a second opinion')
  assert.deepEqual([...page.complaints, ...second.complaints], [])
  await page.context().close()
})
