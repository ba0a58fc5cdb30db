// Replacing a lost terminal on a phone: a device that is refused, with its reasons, then one that goes live, step by step.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asked, countIs, isSound, launch, on, open, PHONE, signIn, unfold } from './browser.mjs'
import { signedIn, startDemo } from './demo.mjs'

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

/** A terminal of this owner's that an acquirer outside decides. */
async function outsideTerminal(terminal_id) {
  const call = await signedIn(demo, 'owner')
  const { body: shops } = await call('GET', '/shops?limit=1')
  const terminal = {
    terminal_id,
    shop_id: shops.items[0].id,
    serial: `OLD-${terminal_id}`,
    model: 'Y90',
    name: '前台 9 号机',
    control: 'outside',
  }
  assert.equal((await call('POST', '/terminals', terminal)).status, 201)
  const lost = await call('POST', '/incidents', { terminal_id, manner: 'stolen' })
  return lost.body.id
}

const fill = async (page, said) => {
  for (const [mark, text] of Object.entries(said)) await on(page, mark).fill(text)
}
const stands = (page, state) => on(page, 'replacement-one', `[data-state="${state}"]`).waitFor()

for (const [language, old, made, words] of [
  [
    'zh-CN',
    'OUT00001',
    'NEW00001',
    { refused: /封签破了/, lost: /报失中/, they: /对方说 · GD-7/, live: /已启用/ },
  ],
  [
    'en-GB',
    'OUT00002',
    'NEW00002',
    { refused: /seal is broken/, lost: /reported lost/, they: /They say · GD-7/, live: /Live/ },
  ],
])
  test(`a shop alone replaces its lost terminal by phone (${language})`, { timeout: 180_000 }, async () => {
    const id = await outsideTerminal(old)
    const serial = `N7NL00${made}`
    const owner = await open(browser, demo, { size: PHONE, language })
    await signIn(owner, demo.account('owner'))
    await owner.goto(`/incidents/${id}`)
    await on(owner, 'replacement').waitFor()
    await unfold(owner, 'replacement')
    await on(owner, 'replacement-begin').click()
    await stands(owner, 'begun')

    // Nothing is looked at without what names the device.
    await on(owner, 'device-check').click()
    await on(owner, 'field-problem').first().waitFor()
    await isSound(owner, 'a device to be picked')

    // The lost one comes back as its own replacement, in a box whose seal is broken.
    await fill(owner, {
      'device-serial': `old-${old}`,
      'device-make': 'Newland',
      'device-model': 'N7',
      'device-supplier': '收单机构',
      'device-unionpay': 'P3100',
      'device-certificate_model': 'N7',
      'device-hardware': 'V2',
      'device-firmware': 'V1',
      'device-seal': 'FS0091',
      'device-dispatched_seal': 'FS0091',
      'device-box_serial': `OLD-${old}`,
    })
    await on(owner, 'device-check').click()
    await stands(owner, 'refused')
    const found = on(owner, 'device-found')
    assert.match(await found.innerText(), words.refused)
    assert.match(await found.innerText(), words.lost)
    await countIs(found.locator('li'), 2)
    await isSound(owner, 'a refused device')
    assert.equal(await on(owner, 'replacement-bind').count(), 0)

    // What was typed is there still; what was wrong is written anew.
    await fill(owner, {
      'device-serial': serial,
      'device-tusn': `00000304${serial}`,
      'device-box_serial': serial,
    })
    await on(owner, 'device-seal_is_whole').check()
    await on(owner, 'device-check').click()
    await stands(owner, 'device_checked')

    await on(owner, 'replacement-terminal').fill(made)
    await on(owner, 'replacement-bind').click()
    await stands(owner, 'bound')
    const held = (await asked(owner, 'GET', `/terminals/${made}`)).body
    assert.deepEqual([held.state, held.holds[0].kind], ['held', 'commissioning'])

    // Their word is needed, with its number, who and when.
    await on(owner, 'old-keys-send').click()
    await on(owner, 'field-problem').first().waitFor()
    const yesterday = new Date(Date.now() - 24 * 3_600_000).toISOString().slice(0, 10)
    await fill(owner, {
      'old-keys-reference': 'GD-7',
      'old-keys-by': '95516',
      'old-keys-at': `${yesterday}T10:30`,
    })
    await isSound(owner, 'what they say of the keys')
    await on(owner, 'old-keys-send').click()
    await stands(owner, 'old_keys_dead')
    assert.match(await owner.locator('[data-step="old_keys"]').innerText(), words.they)

    await on(owner, 'keys-said').fill('客户经理上门灌的')
    await on(owner, 'keys-send').click()
    await stands(owner, 'keys_loaded')
    await on(owner, 'test-receipt').fill('000123')
    await on(owner, 'test-pass').click()
    await stands(owner, 'tested')

    // Each line is answered; what is not so has a note.
    await on(owner, 'checklist-sign').click()
    assert.equal(await on(owner, 'replacement-one').getAttribute('data-state'), 'tested')
    const lines = owner.locator('[data-test="checklist"] .item')
    const count = await lines.count()
    assert.equal(count, 8)
    for (let at = 0; at < count; at++)
      await lines.nth(at).locator('input[value="yes"]').check({ force: true })
    await on(owner, 'check-camera-no').check({ force: true })
    await on(owner, 'checklist-sign').click()
    await on(owner, 'field-problem').first().waitFor()
    await isSound(owner, 'the checklist')
    await on(owner, 'check-camera-note').fill('周五移开')
    await on(owner, 'checklist-sign').click()
    await stands(owner, 'signed')

    await on(owner, 'replacement-live').click()
    await stands(owner, 'live')
    assert.match(await on(owner, 'replacement-one').innerText(), words.live)
    await isSound(owner, 'a replacement that is live')
    const live = (await asked(owner, 'GET', `/terminals/${made}`)).body
    assert.deepEqual([live.state, live.holds.filter((hold) => !hold.released_at).length], ['running', 0])
    const lost = (await asked(owner, 'GET', `/terminals/${old}`)).body
    assert.equal(lost.state, 'lost', 'the lost one stays stopped')
    const { items } = (await asked(owner, 'GET', `/incidents/${id}/duties`)).body
    const duty = (name) => items.find((one) => one.duty === name)
    assert.deepEqual([duty('replacement').state, duty('replacement').end.reference], ['done', made])
    assert.equal(duty('replacement_notice').state, 'open')
    const [replaced] = (await asked(owner, 'GET', `/incidents/${id}/replacements`)).body.items
    assert.match(replaced.checklist.text, /camera: no\n.*\n.*\n {2}note: 周五移开/)
    assert.equal(replaced.steps[0].verb, 'pick_refused')
    assert.deepEqual(owner.complaints, [])
    await owner.context().close()
  })
