/**
 * Where a shop is, as far as the browser can tell: its time zone, and a guess at what is paid in.
 *
 * Invariant: a guess fills a field in, and the reader sees it before it counts.
 */

/** ISO 4217, as the server takes it. */
const CURRENCIES =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF ' +
  'CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD ' +
  'HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL ' +
  'LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP ' +
  'PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT ' +
  'TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG'

/** Offered first; the others follow by their letters. */
const USUAL = ['CNY', 'HKD', 'MOP', 'TWD', 'USD', 'EUR', 'GBP', 'JPY', 'SGD']

const OF_REGION: Record<string, string> = {
  CN: 'CNY',
  HK: 'HKD',
  MO: 'MOP',
  TW: 'TWD',
  US: 'USD',
  GB: 'GBP',
  JP: 'JPY',
  SG: 'SGD',
}

export interface Choice {
  value: string
  label: string
}

/** `CNY · 人民币`. */
export function currencies(locale: string): Choice[] {
  const names = new Intl.DisplayNames([locale], { type: 'currency' })
  const others = CURRENCIES.split(' ').filter((code) => !USUAL.includes(code))
  return [...USUAL, ...others].map((value) => ({ value, label: `${value} · ${names.of(value) ?? value}` }))
}

/** What is paid in where this browser is at home, if it says. */
export function currencyHere(languages: readonly string[] = navigator.languages): string {
  const region = languages.map((one) => /-([A-Z]{2})$/.exec(one)?.[1]).find((one) => one && OF_REGION[one])
  if (region) return OF_REGION[region] ?? ''
  return languages[0]?.toLowerCase().startsWith('zh') ? 'CNY' : ''
}

export function zoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'
}

/** All zones the browser knows, with `here` among them. Browsers that cannot list them offer a few. */
export function zones(here: string): string[] {
  const listed = (Intl as { supportedValuesOf?: (key: 'timeZone') => string[] }).supportedValuesOf
  const known = listed?.('timeZone') ?? ['Asia/Shanghai', 'Asia/Hong_Kong', 'Asia/Urumqi', 'Europe/London']
  return [...new Set([here, 'UTC', ...known])].sort()
}

/** What a clock shows there now, or nothing when the browser does not know the zone. */
export function timeIn(zone: string, locale: string, at: Date): string {
  try {
    return new Intl.DateTimeFormat(locale, {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }).format(at)
  } catch {
    return ''
  }
}
