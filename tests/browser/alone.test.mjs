// A shop whose acquirer never heard of us, on its owner's phone, in both languages: requested is not stopped, and is not called so.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { countIs, isSound, launch, on, open, PHONE, signIn, unfold } from './browser.mjs'
import { startDemo } from './demo.mjs'

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

/** What nobody may read before somebody confirmed. */
const STOPPED = /已停用|已停\b|停用后|\bstopped\b|since the stop/i

const saysNoStop = async (page, what) =>
  assert.doesNotMatch(await page.locator('body').innerText(), STOPPED, `${what}: it is not stopped`)

/** What nobody can know of a terminal whose payments do not pass here. */
const UNKNOWABLE =
  /\d 台运行中|\d running|停用一台|还没有用过|从未联系|没有人签到|还没有交易|没有收到它|没有一笔|今日|Not used yet|Never seen|Nobody signed in|no transactions yet|Nothing has come|went through|Today|\b0 in the loss window|丢失时段 0 笔/
const saysOnlyWhatIsKnown = async (page, what) =>
  assert.doesNotMatch(await page.locator('body').innerText(), UNKNOWABLE, `${what}: not seen is not empty`)

const twoDigits = (value) => String(value).padStart(2, '0')
/** Some minutes ago, as a field for day and time takes it, on the shop's clock. */
function minutesAgo(minutes) {
  const at = new Date(Date.now() - minutes * 60_000 + 8 * 3_600_000)
  const day = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()].map(twoDigits).join('-')
  return `${day}T${twoDigits(at.getUTCHours())}:${twoDigits(at.getUTCMinutes())}`
}

for (const [language, terminal, words] of [
  [
    'zh-CN',
    0,
    { asked: '已请求停用', confirmed: '对方已确认停用', home: '等确认停用', said: '台对方已确认' },
  ],
  [
    'en',
    1,
    {
      asked: 'Stop requested',
      confirmed: 'They confirmed the stop',
      home: 'not confirmed',
      said: 'confirmed by them',
    },
  ],
]) {
  test(
    `an owner asks for a stop, calls, and writes down what they said (${language})`,
    { timeout: 120_000 },
    async () => {
      const page = await open(browser, demo, { language })
      await signIn(page, demo.account('alone'))
      const id = demo.outside[terminal]
      await on(page, 'terminal-row').first().waitFor()
      await saysOnlyWhatIsKnown(page, 'at home, before')
      await page.locator('[data-test="report"]:visible').click()
      await on(page, 'report-terminal', `[data-terminal="${id}"]`).click()
      await saysNoStop(page, 'before the report')
      await isSound(page, 'the report')
      await on(page, 'confirm').click()

      await on(page, 'asked').waitFor()
      assert.match(await on(page, 'asked').innerText(), new RegExp(words.asked))
      const incident = new URL(page.url()).pathname
      await isSound(page, 'the page of a request')
      for (const part of ['receipts', 'timeline', 'request', 'say', 'report']) await unfold(page, part)
      await on(page, 'receipt-state').first().waitFor()
      assert.deepEqual(
        await on(page, 'receipt-state').evaluateAll((all) => all.map((one) => one.dataset.state)),
        Array(6).fill('requested'),
      )
      await saysNoStop(page, 'after the report')
      await isSound(page, 'the page of a request, unfolded')
      assert.equal(await on(page, 'call').getAttribute('href'), 'tel:4000000118')
      assert.match(await on(page, 'countdown').innerText(), /^1[34]:\d\d$/)
      await on(page, 'letter', '[data-state="sent"]').waitFor()
      // At a wide window too the button is as wide as what stands above it.
      await page.setViewportSize({ width: 1440, height: 900 })
      assert.ok((await on(page, 'call').boundingBox()).width <= 728, 'the foot is as wide as the page')
      await page.setViewportSize(PHONE)

      // What is shown is what arrived.
      const number = await page.locator('#request .copy .id').first().innerText()
      const mailbox = await (await fetch(demo.mailbox)).text()
      assert.ok(mailbox.includes(number), 'the letter is in the mailbox')
      await page.emulateMedia({ media: 'print' })
      const paper = await page.locator('.sheets').innerText()
      assert.doesNotMatch(paper, STOPPED, 'on paper')
      assert.doesNotMatch(paper, UNKNOWABLE, 'on paper')
      await page.emulateMedia({ media: 'screen' })

      await page.goto('/')
      await on(page, 'requested').waitFor()
      assert.match(await on(page, 'requested').innerText(), new RegExp(words.home))
      await saysNoStop(page, 'at home')
      await saysOnlyWhatIsKnown(page, 'at home')
      await isSound(page, 'the home of a request')
      await page.goto('/incidents')
      await on(page, 'incident-row').first().waitFor()
      await saysNoStop(page, 'in the list')
      await page.goto(`/terminals/${id}`)
      await on(page, 'verdict').waitFor()
      await saysNoStop(page, 'on the page of the terminal')
      await on(page, 'empty').waitFor()
      await saysOnlyWhatIsKnown(page, 'on the page of the terminal')

      await page.goto(incident)
      await on(page, 'confirm-open').click()
      // Nothing is filled in that nobody said.
      for (const field of ['reference', 'by', 'at'])
        assert.equal(await on(page, `confirm-${field}`).inputValue(), '')
      await on(page, 'confirm-stop').click()
      await countIs(on(page, 'field-problem'), 3)
      await on(page, 'confirm-reference').fill('GS-0417')
      await on(page, 'confirm-by').fill('0317')
      await on(page, 'confirm-at').fill(minutesAgo(0))
      await isSound(page, 'the form')
      await on(page, 'confirm-stop').click()
      await on(page, 'confirmation').waitFor()
      assert.match(await on(page, 'confirmation').innerText(), /GS-0417/)
      assert.match(await on(page, 'asked').innerText(), new RegExp(words.confirmed))
      await unfold(page, 'receipts')
      await on(page, 'receipt-state').first().waitFor()
      assert.deepEqual(
        await on(page, 'receipt-state').evaluateAll((all) => all.map((one) => one.dataset.state)),
        Array(6).fill('confirmed'),
      )
      assert.equal(await on(page, 'countdown').count(), 0, 'nobody is reminded any more')
      await isSound(page, 'the page of a confirmation')
      await page.goto('/')
      assert.match(await on(page, 'said-stopped').innerText(), new RegExp(words.said))
      assert.doesNotMatch(
        await page.locator('body').innerText(),
        /不能收款|cannot take/,
        'they say so, not we',
      )
    },
  )
}

test('what a provider read back is stopped, and the desk sees the same', { timeout: 120_000 }, async () => {
  const page = await open(browser, demo)
  await signIn(page, demo.account('alone'))
  await page.goto(`/report/${demo.outside[2]}`)
  await on(page, 'confirm').click()
  await on(page, 'asked', '[data-state="stopped"]').waitFor()
  await on(page, 'provider', '[data-state="stopped"]').waitFor()
  await isSound(page, 'a stop by a provider')
  const desk = await open(browser, demo, { size: { width: 1440, height: 900 } })
  await signIn(desk, demo.account('risk'))
  await desk.goto(new URL(page.url()).pathname)
  await on(desk, 'asked-facts').waitFor()
  await isSound(desk, 'a stop by a provider, at the desk')
  await page.goto('/')
  await on(page, 'incident-row').filter({ hasText: '支付机构说已停用' }).waitFor()
  await saysOnlyWhatIsKnown(page, 'at home, stopped by a provider')
})
