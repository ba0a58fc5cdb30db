// Terminals that nobody reported, and at which cards were before they came to harm elsewhere: what the house is shown of them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { countIs, DESK, isSound, launch, on, open, PHONE, signIn } from './browser.mjs'
import { startHouse } from './house.mjs'

const ACCOUNT = { login: 'zhou', name: '周敏', password: 'teapot-in-the-rain' }
const SHOTS = process.env.TILLGUARD_SHOTS
let browser
let house
before(async () => {
  house = await startHouse()
  browser = await launch()
  const page = await open(browser, house)
  const said = {
    token: new URL(house.setUpUrl).searchParams.get('token'),
    mode: 'acquirer',
    language: 'zh',
    time_zone: 'Asia/Shanghai',
    currency: 'CNY',
    account: ACCOUNT,
  }
  assert.equal((await page.request.post('/api/v1/setup', { data: said })).status(), 201)
  await page.context().close()
})
after(async () => {
  await browser?.close()
  await house?.stop()
})

const looked = (page, name) =>
  SHOTS && page.screenshot({ path: `${SHOTS}/common-${name}.png`, fullPage: true })

const point = (terminal_id, terminal_name, more) => ({
  terminal_id,
  terminal_name,
  shop_name: '城南店',
  time_zone: 'Asia/Shanghai',
  found_at: '2026-11-26T19:00:02Z',
  judged_at: '2026-11-27T19:00:02Z',
  from: '2026-09-28T19:00:00Z',
  to: '2026-11-27T19:00:00Z',
  cards: 1_240,
  victims: 14,
  independent: 9,
  expected_millionths: 310_000,
  odds: 4_194_304,
  incidents: ['K7Q2MX4P', 'B3T9WD6H', 'M2V8RC5N'],
  payments: [
    { id: 'L41', at: '2026-10-02T04:11:00Z', card: '622202******1234' },
    { id: 'PS1.7', at: '2026-10-05T10:41:00Z', card: null },
  ],
  question: null,
  incident_id: null,
  ...more,
})
const POINTS = [
  point('30501101', '前台 1 号机', {
    question: { id: 'Q7Q2MX4P', state: 'here', asked_at: '2026-11-26T19:00:03Z' },
  }),
  point('30501102', '前台 2 号机', { incident_id: 'R4T9WD6H' }),
  point('30501103', '外卖窗口', {}),
]

const WORDS = {
  zh: {
    empty: '还没有列出终端',
    victims: '1240 张卡里有 14 张',
    expected: '0.4',
    here: '在店里',
    odds: '4,194,304',
    not: '没有问',
  },
  en: {
    empty: 'No terminal is listed',
    victims: '14 of 1240',
    expected: '0.4',
    here: 'It is there',
    odds: '4,194,304',
    not: 'not asked',
  },
}

for (const [name, size, language, theme] of [
  ['a-phone-zh', PHONE, 'zh-CN', 'light'],
  ['b-desk-en-dark', DESK, 'en-GB', 'dark'],
])
  test(`the house sees its common points: ${name}`, { timeout: 60_000 }, async () => {
    const words = WORDS[language.slice(0, 2)]
    const page = await open(browser, house, { size, language, theme })
    await signIn(page, ACCOUNT)
    await on(page, 'account').click()
    await on(page, 'nav-common-points').click()
    await on(page, 'empty', `:has-text("${words.empty}")`).waitFor()
    await on(page, 'common-next').waitFor()
    await isSound(page, `${name}: none`)
    await looked(page, `${name}-1`)

    // What the server cannot say is said, and asked for again.
    let answer = { status: 503, json: { detail: 'busy', code: 'unavailable', status: 503 } }
    await page.route('**/api/v1/common-points', (route) => route.fulfill(answer))
    await page.reload()
    await on(page, 'problem').waitFor()
    await countIs(on(page, 'empty'), 0)
    answer = { status: 200, json: { items: POINTS, next_look_at: '2026-11-28T19:00:00Z' } }
    await on(page, 'retry').click()
    await countIs(on(page, 'common-point'), 3)
    await countIs(on(page, 'problem'), 0)

    const [asked, reported, unasked] = ['30501101', '30501102', '30501103'].map((id) =>
      on(page, 'common-point', `[data-terminal="${id}"]`),
    )
    const text = await asked.innerText()
    for (const said of [words.victims, words.expected, words.here, words.odds, 'K7Q2MX4P'])
      assert.ok(text.includes(said), `${said}: ${text}`)
    // That it is there is no end: it can be stopped and inspected.
    const inspect = asked.locator('[data-test="common-inspect"]')
    assert.equal(await inspect.getAttribute('href'), '/report/30501101')
    const became = reported.locator('[data-test="common-became"] a')
    assert.equal(await became.getAttribute('href'), '/incidents/R4T9WD6H')
    await countIs(reported.locator('[data-test="common-inspect"]'), 0)
    assert.ok((await unasked.innerText()).includes(words.not))
    await asked.locator('summary').click()
    await asked.getByText('622202******1234').waitFor()
    await isSound(page, `${name}: three`)
    await looked(page, `${name}-2`)
    await page.context().close()
  })
