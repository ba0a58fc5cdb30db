// The real server, as `tillguard-demo` runs it, on free ports and with data of its own.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const READY_MS_MAX = 180_000
const STOP_MS_MAX = 20_000

/**
 * Starts a demo and waits until it is ready.
 * @param {string[]} more arguments after the usual ones; `--walk` leaves in what others do in it, which is left out otherwise
 * @returns {Promise<{url: string, gate: string, account(login: string): {login: string, password: string}, terminals: object[], outside: string[], mailbox: string, stop(): Promise<void>}>}
 */
export async function startDemo(more = []) {
  const folder = await mkdtemp(join(tmpdir(), 'tillguard-browser-'))
  const readyFile = join(folder, 'ready.json')
  const args = [
    '--port',
    '0',
    '--data',
    join(folder, 'data'),
    '--ready-file',
    readyFile,
    ...(more.includes('--rate') ? [] : ['--rate', '20']),
    ...(more.includes('--walk') ? [] : ['--no-walk']),
    ...more.filter((one) => one !== '--walk'),
  ]
  const child = spawn(process.env.TILLGUARD_DEMO_BIN, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text) => (said = (said + text).slice(-4_000)))
  const ended = new Promise((resolve) => child.once('exit', resolve))

  async function stop() {
    child.kill('SIGINT')
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    await ended
    clearTimeout(late)
    await rm(folder, { recursive: true, force: true })
  }

  for (const until = Date.now() + READY_MS_MAX; Date.now() < until; await wait(100)) {
    if (child.exitCode !== null) throw new Error(`the demo ended by itself: ${said}`)
    const text = await readFile(readyFile, 'utf8').catch(() => null)
    if (text === null) continue
    const ready = JSON.parse(text)
    const account = (login) => ready.accounts.find((one) => one.login === login)
    const { terminals, outside_terminals: outside, mailbox_url: mailbox } = ready
    return { url: ready.console_url, gate: ready.gate_addr, account, terminals, outside, mailbox, stop }
  }
  await stop()
  throw new Error(`the demo was not ready in ${READY_MS_MAX} ms: ${said}`)
}

/** Calls the API as somebody. */
export async function signedIn(demo, login) {
  const call = (method, path, body, token) =>
    fetch(new URL(`/api/v1${path}`, demo.url), {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    })
  const { password } = demo.account(login)
  const { token } = await (await call('POST', '/session', { login, password })).json()
  return async (method, path, body) => {
    const answer = await call(method, path, body, token)
    return { status: answer.status, body: answer.status === 204 ? null : await answer.json() }
  }
}

/** A terminal that trades and that this account sees. */
export async function tradingTerminal(demo, login) {
  const call = await signedIn(demo, login)
  const { body } = await call('GET', '/terminals?state=running&limit=200')
  const live = new Set(demo.terminals.filter((one) => one.live).map((one) => one.terminal_id))
  const found = body.items.find((one) => live.has(one.terminal_id))
  if (!found) throw new Error(`${login} sees no terminal that trades`)
  return found
}
