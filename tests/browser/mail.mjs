// A real mail server, and the mails it has delivered.
import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** What it prints once it takes mail: where, who vouches for it, and the folder of its mails. */
const LINES = 3
const MAILS_MS_MAX = 30_000

/**
 * Starts one that takes mail from whoever logs in, with a certificate of nobody's but its own.
 * @returns {Promise<{port: number, roots: string, mails(count: number, fits: (mail: Mail) => boolean): Promise<Mail[]>, stop(): Promise<void>}>}
 *   `port` is encrypted from the first byte, `roots` the file of who vouches for it, and `mails` waits for so many that fit
 * @typedef {{from: string, to: string, subject: string, text: string}} Mail
 */
export async function startMail(user, password) {
  const child = spawn(process.env.TILLGUARD_MAIL_BIN, [user, password], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let printed = ''
  const up = (async () => {
    for await (const text of child.stdout.setEncoding('utf8')) {
      printed += text
      if (printed.split('\n').length > LINES) return
    }
  })()
  await Promise.race([up, ended])
  const [implicit, roots, mailbox] = printed.split('\n', LINES)
  if (!mailbox) throw new Error('the mail server did not start')

  async function mails(count, fits) {
    for (const until = Date.now() + MAILS_MS_MAX; Date.now() < until; await wait(20)) {
      const names = await readdir(mailbox).catch(() => [])
      const files = await Promise.all(names.map((name) => readFile(join(mailbox, name), 'latin1')))
      const found = files.map(read).filter(fits)
      if (found.length >= count) return found
    }
    throw new Error(`not ${count} mails in ${MAILS_MS_MAX} ms`)
  }

  async function stop() {
    child.stdin.end()
    await ended
  }

  return { port: Number(implicit.split(':').at(-1)), roots, mails, stop }
}

/** A mail of one part, as our server writes it (RFC 5322, 2045, 2047). */
function read(file) {
  const end = file.indexOf('\n\n')
  const headers = new Map()
  for (const line of file
    .slice(0, end)
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')) {
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  const text = decoded(file.slice(end + 2), headers.get('content-transfer-encoding') ?? '7bit')
  return {
    from: words(headers.get('from')),
    to: words(headers.get('to')),
    subject: words(headers.get('subject')),
    text,
  }
}

const utf8 = (bytes) => Buffer.from(bytes, 'latin1').toString('utf8')

function decoded(body, encoding) {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  if (encoding === 'quoted-printable') return utf8(bytesOf(body.replace(/=\n/g, '')))
  return utf8(body)
}

const bytesOf = (text) => text.replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))

/** Without the encoding of words that are not ASCII; between two such words a blank means nothing. */
const words = (header) =>
  header
    .replace(/(\?=)\s+(?==\?)/g, '$1')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind, text) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('utf8')
        : utf8(bytesOf(text.replaceAll('_', ' '))),
    )
