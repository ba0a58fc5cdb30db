/**
 * What the text of a label means: the serial number (up to 50 characters, as a TUSN in field 59), the TID (field 41),
 * the model where it is told. Pure: it opens nothing and fills in nothing.
 *
 * Invariant: what comes out fits its field character for character; whatever does not is left out, or refused in words,
 * and never cut short.
 */

/** What a label says; what it does not say is not there. */
export interface Label {
  serial?: string
  terminal_id?: string
  model?: string
  /** Who made it, by the first six digits of a TUSN. */
  maker?: string
}

export type Refusal =
  | 'empty'
  | 'too_long'
  | 'hidden_characters'
  | 'elsewhere'
  | 'goods'
  | 'payment'
  | 'card'
  | 'device_number'
  | 'several'
  | 'unclear'

/** A label; or a text that may be a TID or a serial number, which a person can tell; or why it is neither. */
export type Reading = { label: Label } | { either: string } | { refused: Refusal }

/** A code as a camera or a scanner gave it. */
export interface Code {
  text: string
  /** A bar code of goods (EAN, UPC), as far as whoever read it can tell. */
  goods?: boolean
}

const TEXT_MAX = 512
const SERIAL = /^[A-Za-z0-9][A-Za-z0-9./_-]{4,48}[A-Za-z0-9]$/
const TID = /^[A-Za-z0-9]{8}$/
const MODEL = /^[\p{L}\p{N}][\p{L}\p{N} ()+./_-]{0,59}$/u
/** Maker, kind of device (02 to 11), the maker's own number. */
const TUSN = /^(\d{6})(?:0[2-9]|1[01])[0-9A-Za-z]{8,42}$/
const MAKERS = new Map([
  ['000001', 'Landi'],
  ['000003', 'Newland'],
  ['000043', 'Sunmi'],
])

/** What cannot be seen on a label: controls, and marks that turn or hide what stands beside them. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd]/
/** What separates parts: line ends, and the separators of ISO 15434. */
const PARTS = /[\t\r\n\u001c-\u001f\u0004]+/g

type Field = 'serial' | 'terminal_id' | 'model'
/** How labels name a field, in Chinese and in Latin letters. */
const NAMES: [Field | null, string, string][] = [
  [
    'serial',
    '(?:终端|设备|机身|产品)?序列号|机身号|出厂编号',
    'serial(?: ?(?:no\\.?|number))?|tusn|s\\/n|sn',
  ],
  ['terminal_id', '终端(?:编)?号', 'terminal[ _]?(?:id|no\\.?)|tid'],
  ['model', '(?:产品|设备|终端)?型号|机型', 'model(?: ?no\\.?)?|m\\/n'],
  // What stands beside them, and so ends what came before.
  [
    null,
    '生产日期|版本号?|物料号|商户(?:编)?号',
    'p\\/n|pn|imei ?\\d?|meid|mac|iccid|mid|date|ver(?:sion)?|input|made in',
  ],
]
const EITHER = NAMES.map(([, zh, latin]) => `((?:${zh})(?: ?[:=#])? ?|(?:${latin})(?: ?[:=#] ?| ))`).join('|')
const NAMED = new RegExp(`(?:^|[^a-z0-9])(?:${EITHER})`, 'gi')

/** The same names as keys of JSON and of addresses. */
const KEYS = new Map<string, Field>([
  ...['sn', 'serial', 'serialno', 'serialnumber', 'tusn', 'devicesn', 'terminalsn', '序列号'].map(
    (key) => [key, 'serial'] as const,
  ),
  ...['tid', 'terminalid', 'terminalno', '终端号'].map((key) => [key, 'terminal_id'] as const),
  ...['model', 'modelno', 'devicemodel', '型号'].map((key) => [key, 'model'] as const),
])
const FITS: Record<Field, (value: string) => boolean> = {
  serial: (value) => SERIAL.test(value) && /\d/.test(value),
  terminal_id: (value) => TID.test(value),
  model: (value) => MODEL.test(value),
}

/** Addresses and commands that phones act on; nothing here does. */
const SCHEMES =
  'javascript|data|blob|vbscript|tel|sms|smsto|mailto|wifi|geo|begin|mecard|matmsg|wxp|weixin|alipays?|upi|bitcoin'
const OTHER_ADDRESS = new RegExp(`^(?:[a-z][a-z0-9+.-]*:\\/\\/|(?:${SCHEMES}):)`, 'i')

/** Whether the last digit checks the others, every second of which counts otherwise. */
function checks(digits: string, second: (digit: number) => number): boolean {
  const sum = [...digits].reverse().reduce((before, one, place) => {
    const digit = Number(one)
    return before + (place % 2 ? second(digit) : digit)
  }, 0)
  return sum % 10 === 0
}
/** ISO/IEC 7812-1: card numbers, IMEI. */
const luhn = (digits: string) => checks(digits, (digit) => (digit > 4 ? 2 * digit - 9 : 2 * digit))
/** The check digit of a GTIN. */
const gtin = (digits: string) => checks(digits, (digit) => 3 * digit)

/** Numbers that are met on labels, boxes and counters and are not a terminal's. */
function strange(bare: string): Refusal | null {
  if (/^69\d{11}$/.test(bare) && gtin(bare)) return 'goods'
  if (/^\d{15}$/.test(bare) && luhn(bare)) return 'device_number'
  if (/^89\d{17,18}$/.test(bare)) return 'device_number'
  if (/^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i.test(bare)) return 'device_number'
  // What payers show: WeChat 10 to 15, 18 digits; Alipay 25 to 30, 16 to 24 digits.
  if (/^(?:1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22})$/.test(bare)) return 'payment'
  if (/^[2-6]\d{12,18}$/.test(bare) && luhn(bare)) return 'card'
  return null
}

/** What this text means on a label; `origin` is this console's own. */
export function readLabel(code: Code, origin: string): Reading {
  if (code.text.length > TEXT_MAX) return { refused: 'too_long' }
  const text = code.text.normalize('NFKC').replace(PARTS, '\n').trim()
  if (!text) return { refused: 'empty' }
  if (HIDDEN.test(text.replace(/\n/g, ''))) return { refused: 'hidden_characters' }
  if (code.goods) return { refused: 'goods' }
  if (/^https?:/i.test(text)) return ofAddress(text, origin)
  if (OTHER_ADDRESS.test(text)) return { refused: 'elsewhere' }
  return ofJson(text) ?? ofGs1(text) ?? ofNamed(text) ?? ofPlain(text)
}

/** Several codes seen at once, as on a label with a bar code for each number. */
export function together(readings: Reading[]): Reading {
  const one: Label = {}
  for (const reading of readings) {
    if (!('label' in reading)) continue
    for (const [field, value] of Object.entries(reading.label) as [keyof Label, string][]) {
      if (one[field] !== undefined && one[field] !== value) return { refused: 'several' }
      one[field] = value
    }
  }
  const open = new Set(readings.flatMap((reading) => ('either' in reading ? [reading.either] : [])))
  open.delete(one.serial ?? '')
  open.delete(one.terminal_id ?? '')
  if (open.size > 1) return { refused: 'several' }
  const [either] = open
  if (either !== undefined) {
    if (one.serial && !one.terminal_id) return { label: { ...one, terminal_id: either } }
    if (one.terminal_id) return { refused: 'several' }
    return { either }
  }
  if (Object.keys(one).length) return { label: one }
  return readings.find((reading) => 'refused' in reading) ?? { refused: 'empty' }
}

/** The label with what its serial number tells of the maker; null when nothing fits. */
function labelOf(found: [Field, string][]): Reading | null {
  const label: Label = {}
  for (const [field, value] of found) {
    if (!FITS[field](value)) continue
    if (label[field] !== undefined && label[field] !== value) return { refused: 'several' }
    label[field] = value
  }
  // A model alone is a brand name, not a label.
  if (!label.serial && !label.terminal_id) return null
  const maker = MAKERS.get(TUSN.exec(label.serial ?? '')?.[1] ?? '')
  return { label: maker ? { ...label, maker } : label }
}

const keyed = (pairs: Iterable<[string, unknown]>): [Field, string][] =>
  [...pairs].flatMap(([key, value]): [Field, string][] => {
    const field = KEYS.get(key.toLowerCase().replace(/[\s_./-]/g, ''))
    const is_text = typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))
    return field && is_text ? [[field, String(value).trim()]] : []
  })

function ofAddress(text: string, origin: string): Reading {
  let address: URL
  try {
    address = new URL(text)
  } catch {
    return { refused: 'elsewhere' }
  }
  if (address.username || address.password) return { refused: 'elsewhere' }
  if (address.origin === origin) {
    const id = /^\/(?:report|terminals)\/([A-Za-z0-9]{8})$/.exec(address.pathname)?.[1]
    return id ? { label: { terminal_id: id } } : { refused: 'unclear' }
  }
  // A maker's page: only what its parameters say is read; the address is never opened.
  return labelOf(keyed(address.searchParams)) ?? { refused: 'elsewhere' }
}

function ofJson(text: string): Reading | null {
  if (!/^[{[]/.test(text)) return null
  try {
    const told: unknown = JSON.parse(text)
    if (!told || typeof told !== 'object' || Array.isArray(told)) return { refused: 'unclear' }
    return labelOf(keyed(Object.entries(told))) ?? { refused: 'unclear' }
  } catch {
    return null
  }
}

/** GS1: the serial number is application identifier 21, after the goods' number. */
function ofGs1(text: string): Reading | null {
  const raw = /^(?:\](?:C1|d2|Q3))?\n?01(\d{14})21([^\n]{1,20})(?:\n|$)/.exec(text)
  const value = /\(21\)([^()\n]{1,20})/.exec(text)?.[1] ?? (raw && gtin(raw[1]!) ? raw[2] : undefined)
  return value === undefined ? null : (labelOf([['serial', value.trim()]]) ?? { refused: 'unclear' })
}

/** `SN: … TID: …`, in one line or several. */
function ofNamed(text: string): Reading | null {
  const names = [...text.matchAll(NAMED)]
  if (!names.length) return null
  const found = names.flatMap((name, index): [Field, string][] => {
    const field = NAMES.find((_, group) => name[group + 1] !== undefined)?.[0]
    if (!field) return []
    const rest = text.slice(name.index + name[0].length, names[index + 1]?.index)
    const value = rest.split(field === 'model' ? /[\n;,|"']/ : /[\s;,|"'}]/)[0] ?? ''
    return [[field, value.trim()]]
  })
  return labelOf(found) ?? { refused: found.length ? 'unclear' : 'device_number' }
}

function ofPlain(text: string): Reading {
  const refused = strange(text.replace(/[\s-]/g, '')) ?? strange(text)
  if (refused) return { refused }
  const parts = text.split(/[\s;,|]+/).filter(Boolean)
  if (parts.length > 2) return { refused: 'unclear' }
  return together(parts.map(ofPart))
}

function ofPart(part: string): Reading {
  const refused = strange(part)
  if (refused) return { refused }
  if (FITS.terminal_id(part) && /\d/.test(part)) return { either: part }
  return labelOf([['serial', part]]) ?? { refused: 'unclear' }
}
