/**
 * What can be known of a number while it is typed: its shape, its check digit, its day. The server checks the same
 * again.
 *
 * Invariant: what is right here says nothing of whether anybody has it.
 */
import { hex } from '@/audit/verify'

const blanks = /\s/g
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

/** An identity number of 18 characters (GB 11643): digits, a check digit, a day of birth that is over. */
export function isIdentityNumber(text: string, now_ms: number): boolean {
  const number = text.replace(blanks, '').toUpperCase()
  if (!/^[0-9]{17}[0-9X]$/.test(number)) return false
  const sum = WEIGHTS.reduce((all, weight, at) => all + weight * Number(number[at]), 0)
  if ('10X98765432'[sum % 11] !== number[17]) return false
  const [year, month, day] = [number.slice(6, 10), number.slice(10, 12), number.slice(12, 14)]
  const born = new Date(`${year}-${month}-${day}T00:00:00Z`)
  const isDay = born.getTime() && born.toISOString().startsWith(`${year}-${month}-${day}`)
  return !!isDay && Number(year) >= 1800 && born.getTime() <= now_ms + 24 * 3_600_000
}

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY'

/** A unified social credit code (GB 32100): 18 characters, the last of which checks the others. */
export function isCreditCode(text: string): boolean {
  const values = [...text.replace(blanks, '').toUpperCase()].map((sign) => ALPHABET.indexOf(sign))
  if (values.length !== 18 || values.includes(-1)) return false
  let weight = 1
  const sum = values.slice(0, 17).reduce((all, value) => {
    const more = all + value * weight
    weight = (weight * 3) % 31
    return more
  }, 0)
  return (sum + (values[17] ?? 0)) % 31 === 0
}

/** A mobile number of the mainland. */
export const isMobile = (text: string): boolean => /^(\+86)?1[3-9][0-9]{9}$/.test(text.replace(/[\s-]/g, ''))

/** SHA-256 of a file, in hexadecimal digits. The file stays where it is. */
export async function fingerprint(file: Blob): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer())))
}
