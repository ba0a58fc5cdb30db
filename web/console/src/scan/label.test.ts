import { describe, expect, it } from 'vitest'
import { readLabel, together, type Reading } from './label'

const HERE = 'https://pos.example'
const read = (text: string, goods = false) => readLabel({ text, goods }, HERE)
const label = (of: object): Reading => ({ label: of }) as Reading
const TUSN = '00000304N7NL00123456'

describe('a label that says what it is', () => {
  it.each([
    ['SN: YZ9030495193', { serial: 'YZ9030495193' }],
    ['S/N:YZ9030495193', { serial: 'YZ9030495193' }],
    ['sn=YZ9030495193;tid=30501101', { serial: 'YZ9030495193', terminal_id: '30501101' }],
    ['TID:30501101 SN:YZ9030495193', { serial: 'YZ9030495193', terminal_id: '30501101' }],
    [
      '型号：云展 Y90\n序列号：YZ9030495193\n终端号30501101',
      { model: '云展 Y90', serial: 'YZ9030495193', terminal_id: '30501101' },
    ],
    [
      'Model: Y90 P/N: A-17 S/N: YZ9030495193 IMEI: 860000000000000',
      { model: 'Y90', serial: 'YZ9030495193' },
    ],
    ['Serial No. HT3558247038', { serial: 'HT3558247038' }],
    [
      '{"sn":"YZ9030495193","TID":30501101,"model":"Y90"}',
      { serial: 'YZ9030495193', terminal_id: '30501101', model: 'Y90' },
    ],
    [
      'https://maker.example/d?sn=YZ9030495193&tid=30501101',
      { serial: 'YZ9030495193', terminal_id: '30501101' },
    ],
    [`TUSN:${TUSN}`, { serial: TUSN, maker: 'Newland' }],
    ['(01)06901234567892(21)YZ9030495193', { serial: 'YZ9030495193' }],
    [']d2010690123456789221YZ9030495193\u001d10LOT', { serial: 'YZ9030495193' }],
    [`${HERE}/report/30501101`, { terminal_id: '30501101' }],
    [`${HERE}/terminals/30501101`, { terminal_id: '30501101' }],
  ])('%j', (text, told) => expect(read(text)).toEqual(label(told)))

  it('full-width characters are read as what they look like', () =>
    expect(read('ＳＮ：ＹＺ９０３０４９５１９３')).toEqual(label({ serial: 'YZ9030495193' })))
})

describe('a label that says only a number', () => {
  it.each([
    ['YZ9030495193', { serial: 'YZ9030495193' }],
    [TUSN, { serial: TUSN, maker: 'Newland' }],
    ['YZ9030495193 30501101', { serial: 'YZ9030495193', terminal_id: '30501101' }],
  ])('%j', (text, told) => expect(read(text)).toEqual(label(told)))

  it('of eight characters is asked about: it may be either', () => {
    expect(read('30501101')).toEqual({ either: '30501101' })
    expect(read(' A1B2C3D4\r\n')).toEqual({ either: 'A1B2C3D4' })
  })
})

describe('what is not a terminal’s label', () => {
  it.each([
    ['', 'empty'],
    ['  \n', 'empty'],
    ['x'.repeat(513), 'too_long'],
    ['YZ90\u00003049', 'hidden_characters'],
    ['SN: YZ90\u202e30495193', 'hidden_characters'],
    ['YZ9030\u200b495193', 'hidden_characters'],
    ['https://evil.example/report/30501101', 'elsewhere'],
    ['https://pos.example@evil.example/report/30501101', 'elsewhere'],
    ['https://me:x@pos.example/report/30501101', 'elsewhere'],
    ['http://pos.example/report/30501101', 'elsewhere'],
    ['https://pos.example.evil.example/report/30501101', 'elsewhere'],
    ['https://', 'elsewhere'],
    ['javascript:alert(1)//SN:YZ9030495193', 'elsewhere'],
    ['data:text/html,SN:YZ9030495193', 'elsewhere'],
    ['weixin://wxpay/bizpayurl?sn=1234567', 'elsewhere'],
    ['WIFI:S:shop;P:secret123;;', 'elsewhere'],
    [`${HERE}/report/30501101/../../x`, 'unclear'],
    [`${HERE}/login?back=//evil.example`, 'unclear'],
    ['<script>alert(1)</script>', 'unclear'],
    ['SN: <img src=x onerror=alert(1)>', 'unclear'],
    ['{"sn":"<script>1</script>"}', 'unclear'],
    ['{"__proto__":{"sn":"YZ9030495193"}}', 'unclear'],
    ['[1,2]', 'unclear'],
    ['SN: AB1', 'unclear'],
    [`SN: ${'9'.repeat(51)}`, 'unclear'],
    ['TID: 3050110', 'unclear'],
    ['Model: Y90', 'unclear'],
    ['hello world again', 'unclear'],
    ['HELLOWORLD', 'unclear'],
    ['6901234567892', 'goods'],
    ['352099001761481', 'device_number'],
    ['IMEI: 352099001761481', 'device_number'],
    ['00:1A:2B:3C:4D:5E', 'device_number'],
    ['89860012345678901234', 'device_number'],
    ['134567890123456789', 'payment'],
    ['281234567890123456', 'payment'],
    ['4111 1111 1111 1111', 'card'],
    ['6200000000000005', 'card'],
    ['SN: YZ9030495193 SN: YZ9030495194', 'several'],
  ])('%j: %s', (text, refused) => expect(read(text)).toEqual({ refused }))

  it('a bar code of goods is none, whatever its digits', () =>
    expect(read('12345670', true)).toEqual({ refused: 'goods' }))

  it('the longest text is read in no time', () => {
    const started = performance.now()
    for (const piece of [
      'SN ',
      'SN:',
      '型号',
      '序列号 ',
      'serial no. ',
      '{"a":',
      'https://a/?sn=',
      '(21)',
      '69',
    ])
      read(piece.repeat(600).slice(0, 512))
    expect(performance.now() - started).toBeLessThan(200)
  })
})

describe('several codes in one picture', () => {
  const all = (...texts: string[]) => together(texts.map((text) => read(text)))
  it('make one label', () => {
    expect(all('YZ9030495193', '30501101')).toEqual(
      label({ serial: 'YZ9030495193', terminal_id: '30501101' }),
    )
    expect(all('352099001761481', 'YZ9030495193')).toEqual(label({ serial: 'YZ9030495193' }))
    expect(all('YZ9030495193', 'SN: YZ9030495193')).toEqual(label({ serial: 'YZ9030495193' }))
  })
  it('of two devices are not mixed', () => {
    expect(all('YZ9030495193', 'YZ9030495194')).toEqual({ refused: 'several' })
    expect(all('30501101', '30501102')).toEqual({ refused: 'several' })
    expect(all(`${HERE}/report/30501101`, '30501102')).toEqual({ refused: 'several' })
  })
  it('that are all strange say why', () =>
    expect(all('352099001761481', '6901234567892')).toEqual({ refused: 'device_number' }))
})
