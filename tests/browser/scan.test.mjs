// A label printed here, seen by a camera, is read back; so are others' labels, and nothing else. A hand scanner types no nonsense.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { countIs, DESK, isSound, launch, on, open, PHONE, signIn } from './browser.mjs'
import { signedIn, startDemo } from './demo.mjs'
import { FAKE_CAMERA, cameraOf, printed, scanner, seen } from './film.mjs'

const MM = 96 / 25.4

let demo
let browser
let terminal
before(async () => {
  demo = await startDemo()
  browser = await launch()
  const { body } = await (await signedIn(demo, 'owner'))('GET', '/terminals?state=running&limit=1')
  terminal = body.items[0]
})
after(async () => {
  await browser?.close()
  await demo?.stop()
})

/** The sheet on paper, and the label of the first terminal as a picture. */
async function printedLabel() {
  const context = await browser.newContext({ viewport: DESK, deviceScaleFactor: 4, baseURL: demo.url })
  const page = await context.newPage()
  await signIn(page, demo.account('owner'))
  await page.goto(`/labels?q=${terminal.terminal_id}`)
  const label = page.locator(`[data-test="label"][data-terminal="${terminal.terminal_id}"]`)
  await label.waitFor()
  await page.emulateMedia({ media: 'print' })
  const picture = await label.screenshot()
  await context.close()
  return picture
}

/** Does something in a browser of its own, told this. */
async function within(args, act) {
  const phone = await launch(args)
  try {
    await act(phone)
  } finally {
    await phone.close()
  }
}

/** Signed in at the page that scans, in a browser whose camera shows this. */
async function scanning(jpeg, act, look = {}) {
  const camera = await cameraOf(jpeg)
  try {
    await within(camera.args, async (phone) => {
      const page = await open(phone, demo, look)
      await page.addInitScript(() => {
        window.tracks = []
        const devices = navigator.mediaDevices
        const ask = devices.getUserMedia.bind(devices)
        devices.getUserMedia = async (wish) => {
          const stream = await ask(wish)
          window.tracks.push(...stream.getTracks())
          return stream
        }
      })
      await signIn(page, demo.account('owner'))
      await page.goto('/scan')
      await on(page, 'scan-open').waitFor()
      await act(page)
      assert.deepEqual(page.complaints, [])
    })
  } finally {
    await camera.drop()
  }
}
const tracks = (page) => page.evaluate(() => window.tracks.map((one) => one.readyState))

const LOOKS = [
  ['straight', {}],
  ['turned and small', { degrees: 13, share: 0.3 }],
  ['upside down', { degrees: 187, share: 0.5 }],
  ['out of focus', { blur_px: 2.5 }],
]
for (const [look, how] of LOOKS) {
  test(`a printed label before the camera, ${look}, is read back`, { timeout: 120_000 }, async () => {
    await scanning(await seen(browser, await printedLabel(), how), async (page) => {
      assert.deepEqual(await tracks(page), [], 'no camera before a press')
      await on(page, 'scan-open').click()
      await on(page, 'scan-read').waitFor({ timeout: 40_000 })
      assert.match(await on(page, 'scan-read').innerText(), new RegExp(terminal.terminal_id))
      assert.deepEqual(await tracks(page), ['ended'], 'the camera is off once something was read')
      assert.equal(await on(page, 'scan-terminal').count(), 0, 'nothing is taken before a press')
      await isSound(page, `a label read, ${look}`)
      await on(page, 'scan-accept').click()
      await on(page, 'scan-terminal', `[data-terminal="${terminal.terminal_id}"]`).waitFor()
      await on(page, 'scan-report').click()
      await page.waitForURL(`**/report/${terminal.terminal_id}`)
      await on(page, 'confirm').waitFor()
    })
  })
}

test(
  'a bar code of another maker is read, and another may be read instead',
  { timeout: 120_000 },
  async () => {
    const picture = await seen(browser, await printed('Code128', `SN:${terminal.serial}`), { degrees: 4 })
    await scanning(
      picture,
      async (page) => {
        await on(page, 'scan-open').click()
        await on(page, 'scan-read').waitFor({ timeout: 40_000 })
        assert.match(await on(page, 'scan-read').innerText(), new RegExp(terminal.serial))
        await on(page, 'scan-again').click()
        await on(page, 'scan-read').waitFor({ timeout: 40_000 })
        await on(page, 'scan-accept').click()
        await on(page, 'scan-terminal', `[data-terminal="${terminal.terminal_id}"]`).waitFor()
      },
      { language: 'en' },
    )
  },
)

test('the camera closes by a press, out of sight, and with the page', { timeout: 120_000 }, async () => {
  const wall = await seen(browser, await printed('QRCode', 'https://elsewhere.example/x'), { share: 0.3 })
  await scanning(wall, async (page) => {
    const look = async () => {
      await on(page, 'scan-open').click()
      await on(page, 'scan-said', '[data-why="elsewhere"]').waitFor({ timeout: 40_000 })
    }
    await look()
    await isSound(page, 'a foreign code before the camera')
    assert.equal((await tracks(page)).at(-1), 'live')
    await on(page, 'scan-close').click()
    assert.equal((await tracks(page)).at(-1), 'ended')
    await look()
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
      delete document.hidden
    })
    await on(page, 'scan-said', '[data-why="out_of_sight"]').waitFor()
    assert.equal((await tracks(page)).at(-1), 'ended')
    await look()
    await page.locator('[data-test="nav-incidents"]').click()
    await page.waitForURL('**/incidents')
    assert.deepEqual(new Set(await tracks(page)), new Set(['ended']))
  })
})

test(
  'a photograph is read as well: each kind of code, and words for what is not a label',
  { timeout: 180_000 },
  async () => {
    const page = await open(browser, demo)
    const asked = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await signIn(page, demo.account('owner'))
    await page.goto('/scan')
    const show = async (buffer, mimeType = 'image/jpeg') => {
      await page.locator('[data-test="scan-photo"]').setInputFiles({ name: 'label', mimeType, buffer })
      await on(page, 'scan-read').or(on(page, 'scan-said')).first().waitFor({ timeout: 60_000 })
    }
    assert.ok(!asked.some((path) => /wasm|confined|decoder/.test(path)), 'nothing is loaded before a press')
    for (const [format, text] of [
      ['QRCode', '{"sn":"YZ9030495193"}'],
      ['DataMatrix', 'SN:YZ9030495193'],
      ['Code128', 'YZ9030495193'],
      ['Code39', 'YZ9030495193'],
      ['ITF', '9030495193'],
    ]) {
      await show(await seen(browser, await printed(format, text), { degrees: 3, share: 0.6 }))
      assert.match(await on(page, 'scan-read').innerText(), /9030495193/, format)
      await on(page, 'scan-drop').click()
    }
    assert.deepEqual(
      asked.filter((path) => /wasm|confined/.test(path)).map((path) => path.replace(/-[\w-]+\./, '.')),
      ['/assets/zxing_reader.wasm', '/assets/confined/confined.js'],
    )
    await show(await seen(browser, await printed('QRCode', '30501101')))
    await on(page, 'scan-as-tid').waitFor()
    await isSound(page, 'a number that may be either')
    await on(page, 'scan-drop').click()
    for (const [why, buffer] of [
      ['goods', await seen(browser, await printed('EAN13', '6901234567892'))],
      ['elsewhere', await seen(browser, await printed('QRCode', 'javascript:alert(1)'))],
      ['payment', await seen(browser, await printed('Code128', '134567890123456789'))],
      ['unclear', await seen(browser, await printed('QRCode', '<img src=x onerror=alert(1)>'))],
      ['hidden_characters', await seen(browser, await printed('QRCode', 'YZ9030\u202e495193'))],
      ['bad_photo', Buffer.from('not a picture')],
    ]) {
      await show(buffer)
      await on(page, 'scan-said', `[data-why="${why}"]`).waitFor({ timeout: 60_000 })
      assert.equal(await on(page, 'scan-read').count(), 0, why)
    }
    // A picture without a code, whose words are those of a photograph.
    const blank = await browser.newPage()
    const nothing = await blank.screenshot()
    await blank.close()
    await show(nothing, 'image/png')
    await on(page, 'scan-said', '[data-why="empty_photo"]').waitFor({ timeout: 60_000 })
    assert.deepEqual(page.complaints, [])
    // The pages themselves still run no WebAssembly.
    const compiled = await page.evaluate(() =>
      WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(
        () => 'compiled',
        (error) => error.name,
      ),
    )
    assert.equal(compiled, 'CompileError')
    await page.context().close()
  },
)

test(
  'no camera, no permission, no secure address, no reader: each in words, and by ear',
  { timeout: 240_000 },
  async () => {
    const port = new URL(demo.url).port
    const cases = [
      ['none', [], demo.url],
      ['refused', FAKE_CAMERA, demo.url],
      [
        'insecure',
        [...FAKE_CAMERA, '--host-resolver-rules=MAP till.example 127.0.0.1'],
        `http://till.example:${port}`,
      ],
    ]
    for (const [why, args, url] of cases) {
      await within(args, async (phone) => {
        for (const [language, theme] of [
          ['zh-CN', 'light'],
          ['en', 'dark'],
        ]) {
          const page = await open(phone, { ...demo, url }, { language, theme })
          await signIn(page, demo.account('owner'))
          await page.goto('/scan')
          await on(page, 'scan-open').click()
          await on(page, 'scan-said', `[data-why="${why}"]`).waitFor()
          assert.ok(await page.locator('[role="status"] [data-test="scan-said"]').count(), 'said by ear')
          await on(page, 'scan-typed').waitFor()
          await countIs(page.locator('[data-test="scan-photo"]'), 1)
          await isSound(page, `${why}, ${language}`)
        }
      })
    }
    await scanning(await seen(browser, await printed('QRCode', 'SN:YZ9030495193')), async (page) => {
      await page.route('**/*.wasm', (route) => route.abort())
      await on(page, 'scan-open').click()
      await on(page, 'scan-said', '[data-why="no_reader"]').waitFor()
      assert.deepEqual(await tracks(page), ['ended'])
      await page.unroute('**/*.wasm')
      await on(page, 'scan-open').click()
      await on(page, 'scan-read').waitFor({ timeout: 40_000 })
    })
  },
)

test(
  'the browser’s own reader is used where it knows every kind and works',
  { timeout: 120_000 },
  async () => {
    const every = [
      'qr_code',
      'data_matrix',
      'code_128',
      'code_39',
      'itf',
      'ean_13',
      'ean_8',
      'upc_a',
      'aztec',
    ]
    for (const [formats, works, own] of [
      [every, true, true],
      [every, false, false],
      [['qr_code'], true, false],
      [[], true, false],
    ]) {
      const page = await open(browser, demo)
      await page.addInitScript(
        ([known, works]) => {
          window.BarcodeDetector = class {
            static getSupportedFormats = async () => known
            detect = async () => {
              if (!works) throw new DOMException('no service', 'NotSupportedError')
              return [{ rawValue: 'SN:OWN9030495193', format: 'qr_code' }]
            }
          }
        },
        [formats, works],
      )
      await signIn(page, demo.account('owner'))
      await page.goto('/scan')
      const buffer = await seen(browser, await printed('QRCode', 'SN:LIB9030495193'))
      await page
        .locator('[data-test="scan-photo"]')
        .setInputFiles({ name: 'label', mimeType: 'image/jpeg', buffer })
      await on(page, 'scan-read').waitFor({ timeout: 40_000 })
      assert.match(await on(page, 'scan-read').innerText(), own ? /OWN9030495193/ : /LIB9030495193/)
      await page.context().close()
    }
  },
)

test('a hand scanner is heard in a field and outside, and a person is not', { timeout: 60_000 }, async () => {
  const page = await open(browser, demo)
  await signIn(page, demo.account('owner'))
  await page.goto('/scan')
  await on(page, 'scan-typed').fill('abc')
  await scanner(page, `SN:${terminal.serial}`)
  await on(page, 'scan-read').waitFor()
  assert.match(await on(page, 'scan-read').innerText(), new RegExp(terminal.serial))
  assert.equal(await on(page, 'scan-typed').inputValue(), 'abc', 'the field is as it was')
  assert.equal(await on(page, 'scan-found').count(), 0, 'no form was sent')
  // The button that accepts has the focus now: the next label presses it neither by its space nor by its Enter.
  await scanner(page, `TID: ${terminal.terminal_id} SN: ${terminal.serial}`)
  await page.waitForFunction(
    (id) => document.querySelector('[data-test="scan-read"]')?.innerText.includes(id),
    terminal.terminal_id,
  )
  assert.equal(await on(page, 'scan-found').count(), 0)
  await page.keyboard.press('Enter')
  await on(page, 'scan-terminal', `[data-terminal="${terminal.terminal_id}"]`).waitFor()
  await page.evaluate(() => document.activeElement?.blur())
  await scanner(page, '6901234567892')
  await on(page, 'scan-said', '[data-why="goods"]').waitFor()
  // As a person types: nothing is taken out, and Enter sends the form.
  await on(page, 'scan-typed').fill('')
  await on(page, 'scan-typed').focus()
  await scanner(page, terminal.serial, 70)
  await on(page, 'scan-terminal', `[data-terminal="${terminal.terminal_id}"]`).waitFor()
  assert.equal(await on(page, 'scan-typed').inputValue(), terminal.serial)
  await on(page, 'scan-typed').fill('NOSUCH9999')
  await on(page, 'scan-find').click()
  await on(page, 'empty').waitFor()
  await isSound(page, 'a label nobody knows')
  await page.context().close()
})

test('labels are chosen, counted, and fit the paper', { timeout: 120_000 }, async () => {
  for (const [login, size, language, theme] of [
    ['owner', PHONE, 'zh-CN', 'light'],
    ['owner', DESK, 'en', 'dark'],
    ['risk', DESK, 'zh-CN', 'light'],
  ]) {
    const page = await open(browser, demo, { size, language, theme })
    await signIn(page, demo.account(login))
    await on(page, 'account').click()
    await on(page, 'nav-labels').click()
    await on(page, 'label-shop').waitFor()
    if (login === 'risk') {
      assert.equal(await on(page, 'label').count(), 0, 'nobody prints a whole estate')
      await on(page, 'label-shop').selectOption({ index: 1 })
    }
    await on(page, 'label').first().waitFor()
    await on(page, 'here-only').waitFor()
    await isSound(page, `labels of ${login}, ${language}`)
    const labels = await on(page, 'label').count()
    await on(page, 'label-choice').first().click()
    assert.equal(await on(page, 'label').count(), labels - 1)
    await on(page, 'label-none').click()
    assert.ok(await on(page, 'label-print').isDisabled())
    await on(page, 'label-all').click()
    await on(page, 'label-first').fill('24')
    assert.equal(await on(page, 'label').count(), labels)
    const sheets = await on(page, 'sheet').count()
    assert.equal(sheets, 1 + Math.ceil((labels - 1) / 24))

    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1')
    assert.equal(pdf.match(/\/Type\s*\/Page\b/g).length, sheets, 'a sheet is a page')
    for (const [, width, height] of pdf.matchAll(/\/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]/g))
      assert.deepEqual([Math.round(width), Math.round(height)], [595, 842], 'A4')

    await page.emulateMedia({ media: 'print' })
    const measured = await page.locator('[data-test="label"]').evaluateAll((all) =>
      all.map((one) => {
        const { left, top, width, height } = one.getBoundingClientRect()
        const sheet = one.closest('[data-test="sheet"]').getBoundingClientRect()
        const cut = [...one.querySelectorAll('.words > *')].filter(
          (line) => line.scrollWidth > line.clientWidth || line.scrollHeight > line.clientHeight + 1,
        )
        return {
          place: [left - sheet.left, top - sheet.top, width, height],
          code: one.querySelector('svg').getBoundingClientRect().width,
          cut: cut.map((line) => line.textContent),
          text: one.innerText,
        }
      }),
    )
    for (const { place, code, cut, text } of measured) {
      const [left, top, width, height] = place.map((px) => px / MM)
      assert.ok(Math.abs(width - 70) < 0.2 && Math.abs(height - 37) < 0.2, `${width} × ${height} mm`)
      assert.ok(Math.abs(left % 70) < 0.2 || Math.abs((left % 70) - 70) < 0.2, `${left} mm from the left`)
      assert.ok(Math.abs(((top - 0.5) / 37) % 1) < 0.01 || ((top - 0.5) / 37) % 1 > 0.99, `${top} mm down`)
      assert.ok(code / MM >= 25, `a code of ${code / MM} mm`)
      assert.deepEqual(cut, [], 'no word is cut off')
      assert.match(text, /丢了？扫码报失\s*Lost\? Scan and report/)
    }
    assert.equal(await page.locator('.screen-only:visible').count(), 0, 'only labels are printed')
    await page.context().close()
  }
})

test('a label holds the address and the TID, and nothing else', { timeout: 60_000 }, async () => {
  const page = await open(browser, demo)
  await signIn(page, demo.account('owner'))
  await page.goto(`/labels?q=${terminal.terminal_id}`)
  await on(page, 'label').first().waitFor()
  const address = await on(page, 'label').first().locator('svg').getAttribute('aria-label')
  assert.equal(address, `${new URL(demo.url).origin}/report/${terminal.terminal_id}`)
  const text = await on(page, 'label').first().innerText()
  assert.ok(!text.includes(terminal.serial) && text.includes(terminal.serial.slice(-6)), text)
  await page.context().close()

  // Scanned by whoever has no session: the log-in, and back.
  const stranger = await open(browser, demo)
  await stranger.goto(address)
  await on(stranger, 'login').fill(demo.account('owner').login)
  await on(stranger, 'password').fill(demo.account('owner').password)
  await on(stranger, 'submit').click()
  await stranger.waitForURL(address)
  await on(stranger, 'confirm').waitFor()
  await stranger.context().close()
})

test('the way back after the log-in never leads to another site', { timeout: 120_000 }, async () => {
  const hostile = [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/\t/evil.example/',
    '/\n/evil.example/',
    '/%09//evil.example/',
    'javascript:alert(1)',
    'evil.example',
    '/.//evil.example/',
    '/x/..//evil.example/',
  ]
  for (const back of hostile) {
    const page = await open(browser, demo)
    const left = []
    page.on('framenavigated', (frame) => left.push(frame.url()))
    await page.goto(`/login?${new URLSearchParams({ back })}`)
    await on(page, 'login').fill(demo.account('owner').login)
    await on(page, 'password').fill(demo.account('owner').password)
    await on(page, 'submit').click()
    await on(page, 'account').waitFor()
    const origin = new URL(demo.url).origin
    assert.ok(
      left.every((url) => new URL(url).origin === origin),
      `${JSON.stringify(back)}: ${left.join(' ')}`,
    )
    assert.deepEqual(page.complaints, [], JSON.stringify(back))
    await page.context().close()
  }
})
