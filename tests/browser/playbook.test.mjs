// A shop's own playbook: the owner adds a duty, breaks the text and mends it, proposes, and cannot sign; a second owner signs; the next
// theft follows it and the one before does not.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { countIs, DESK, isSound, launch, on, open, PHONE, signIn } from './browser.mjs'
import { startHouse } from './house.mjs'

const PASSWORD = 'teapot-in-the-rain'
/** Where pictures of each step go, when somebody wants to look at them. */
const SHOTS = process.env.TILLGUARD_SHOTS
const OWNER = { login: 'li.na', name: '李娜', password: PASSWORD }
const SECOND = { login: 'wang.wei', name: '王伟', password: PASSWORD }

let browser
before(async () => (browser = await launch()))
after(async () => await browser?.close())

/** A shop's house with its owner and two terminals; `call` is the API as the owner. */
async function begin(test) {
  const house = await startHouse()
  test.after(() => house.stop())
  let session
  const call = async (method, path, body) => {
    const headers = {
      'Content-Type': 'application/json',
      ...(session && { Authorization: `Bearer ${session}` }),
    }
    const answer = await fetch(`${house.url}api/v1${path}`, { method, headers, body: JSON.stringify(body) })
    const told = await answer.json()
    assert.ok(answer.ok, `${method} ${path}: ${JSON.stringify(told)}`)
    return told
  }
  const set = await call('POST', '/setup', {
    token: new URL(house.setUpUrl).searchParams.get('token'),
    mode: 'shop',
    language: 'zh',
    time_zone: 'Asia/Shanghai',
    currency: 'CNY',
    account: OWNER,
    merchant: { name: '李记小吃' },
  })
  session = set.token
  const shop = await call('POST', '/shops', { name: '五一路店', address: '长沙市五一路 1 号' })
  for (const number of [1, 2])
    await call('POST', '/terminals', {
      terminal_id: `OUT${number}`,
      serial: `SN-OUT${number}`,
      model: 'P1',
      shop_id: shop.id,
      control: 'outside',
    })
  return { house, call }
}

/** Somebody who may sign off what the owner writes. */
async function invite(call) {
  const invited = await call('POST', '/invitations', { name: SECOND.name, role: 'owner' })
  await call('POST', '/invitations/accept', { token: invited.token, ...SECOND })
}

async function report(call, terminal_id) {
  const { id } = await call('POST', '/incidents', { terminal_id, manner: 'stolen' })
  for (;;) {
    const { playbook } = await call('GET', `/incidents/${id}`)
    if (playbook) return id
  }
}

const dutiesOf = async (call, id) =>
  (await call('GET', `/incidents/${id}/duties`)).items.map((duty) => duty.duty)

const checkedAs = (page, more) => on(page, 'checked', `[data-checking="false"]${more ?? ''}`).waitFor()

for (const [name, size, language, theme, words] of [
  ['phone-zh', PHONE, 'zh-CN', 'light', { soon: /期限要写成/, line: /第 (\d+) 行/, alone: /没有第二个/ }],
  ['desk-en', DESK, 'en-GB', 'dark', { soon: /A term is at once/, line: /Line (\d+)/, alone: /nobody else/ }],
])
  test(
    `a playbook is written by one and signed off by another: ${name}`,
    { timeout: 180_000 },
    async (test) => {
      const { house, call } = await begin(test)
      let count = 0
      const looked = async (page, what) => {
        await isSound(page, `${name}: ${what}`)
        count += 1
        const path = `${SHOTS}/playbook-${name}-${String(count).padStart(2, '0')}-${what}.png`
        if (SHOTS) await page.screenshot({ path, fullPage: true })
      }
      const before = await report(call, 'OUT1')

      const owner = await open(browser, house, { size, language, theme })
      await signIn(owner, OWNER)
      await on(owner, 'account').click()
      await on(owner, 'nav-playbooks').click()
      await on(owner, 'playbook-stolen').waitFor()
      assert.match(await on(owner, 'alone').innerText(), words.alone)
      await looked(owner, 'list')
      await invite(call)
      await on(owner, 'playbook-stolen').locator('[data-test="begin"]').click()
      await on(owner, 'playbook-state').waitFor()
      await owner.waitForURL(/\/playbooks\/[0-9A-Z]{8}$/)
      const id = new URL(owner.url()).pathname.split('/').pop()
      await looked(owner, 'form')

      // A duty is added in the form.
      await on(owner, 'add-duty').click()
      const added = on(owner, 'duty-duty_11')
      await added.locator('[data-test="field-zh"]').fill('通知保险公司')
      await added.locator('[data-test="field-en"]').fill('Tell the insurer')
      await added.locator('[data-test="field-within"]').fill('24 hours')
      await checkedAs(owner, ':not(.wrong)')
      await looked(owner, 'added')
      await on(owner, 'save').click()
      await on(owner, 'save').waitFor({ state: 'detached' })

      // It is broken in the text, and named at its line; the tabulator leaves the text.
      await on(owner, 'view-text').click()
      const text = on(owner, 'text')
      const good = await text.inputValue()
      const line = 1 + good.split('\n').findIndex((one) => one.includes('within: 24 hours'))
      assert.ok(line > 1, good)
      await text.fill(good.replace('within: 24 hours', 'within: soon'))
      await checkedAs(owner, '.wrong')
      const wrong = await on(owner, 'wrong').innerText()
      assert.match(wrong, words.soon)
      assert.equal(Number(words.line.exec(wrong)[1]), line)
      await on(owner, 'wrong').locator('a').click()
      assert.equal(
        await text.evaluate((one) => one.value.slice(one.selectionStart, one.selectionEnd)),
        '    within: soon',
      )
      await owner.keyboard.press('Tab')
      assert.notEqual(await owner.evaluate(() => document.activeElement.tagName), 'TEXTAREA')
      assert.equal(await on(owner, 'revision-steps').count(), 0, 'what is not saved is not proposed')
      await looked(owner, 'broken')
      // Leaving asks, and what was written is still there.
      owner.once('dialog', (dialog) => dialog.dismiss())
      await owner
        .getByRole('link', { name: language === 'zh-CN' ? '预案' : 'Playbooks', exact: true })
        .first()
        .click()
      assert.match(await text.inputValue(), /within: soon/)
      await text.fill(good.replace('within: 24 hours', 'within: 48 hours'))
      await checkedAs(owner, ':not(.wrong)')
      await on(owner, 'save').click()
      await on(owner, 'save').waitFor({ state: 'detached' })
      await on(owner, 'view-drawing').click()
      await on(owner, 'drawing').waitFor()
      await countIs(on(owner, 'drawn'), 11)
      await looked(owner, 'drawing')

      await on(owner, 'note').fill(
        language === 'zh-CN' ? '保险公司要求两天内报案' : 'The insurer wants to know within two days',
      )
      assert.match(await on(owner, 'second-person').innerText(), /王伟/)
      await on(owner, 'propose').click()
      await on(owner, 'send_back').waitFor()
      assert.equal(await on(owner, 'sign_off').count(), 0, 'who wrote it does not sign it off')
      await looked(owner, 'proposed')

      const second = await open(browser, house, { size, language, theme })
      await signIn(second, SECOND)
      await second.goto('/playbooks')
      await on(second, 'waits').locator('a').click()
      await on(second, 'difference').waitFor()
      await countIs(on(second, 'difference'), 1)
      await looked(second, 'changes')
      await on(second, 'sign_off').click()
      await on(second, 'propose_withdrawal').waitFor()

      const after = await report(call, 'OUT2')
      assert.ok(!(await dutiesOf(call, before)).includes('duty_11'), 'what there was goes on as it began')
      assert.ok((await dutiesOf(call, after)).includes('duty_11'))
      await owner.goto(`/incidents/${after}`)
      await on(owner, 'follows').click()
      await owner.waitForURL(new RegExp(`/playbooks/${id}$`))
      await on(owner, 'playbook-state').waitFor()
      await looked(owner, 'followed')
      assert.deepEqual([...owner.complaints, ...second.complaints], [])
      await Promise.all([owner.context().close(), second.context().close()])
    },
  )
