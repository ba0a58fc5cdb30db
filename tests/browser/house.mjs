// The real server in an empty folder, as `tillguard serve` runs it: a house that nobody has set up yet.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const READY_MS_MAX = 60_000

/**
 * Starts a house and waits until it is ready.
 * @param {{program?: string, env?: Record<string, string>}} [by] another program than the one under test, and more in its environment
 * @returns {Promise<{url: string, data: string, setUpUrl: string, ready(): Promise<object>, printed(): string, said(): string, stop(): Promise<void>}>}
 *   `printed` is what somebody reads who started it, `said` its log
 */
export async function startHouse({ program = process.env.TILLGUARD_BIN, env: more = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tillguard-browser-'))
  const readyFile = join(folder, 'ready.json')
  const args = ['serve', '--port', '0', '--data', join(folder, 'data'), '--ready-file', readyFile]
  const env = { ...process.env, TILLGUARD_LOG: 'trace', ...more }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  let said = ''
  child.stdout.on('data', (text) => (printed += text))
  child.stderr.on('data', (text) => (said += text))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const ready = async () => JSON.parse(await readFile(readyFile, 'utf8'))

  async function stop() {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }

  for (const until = Date.now() + READY_MS_MAX; Date.now() < until; await wait(50)) {
    if (child.exitCode !== null) throw new Error(`the house ended by itself: ${said.slice(-4_000)}`)
    const up = await ready().catch(() => null)
    if (up)
      return {
        url: up.console_url,
        data: join(folder, 'data'),
        setUpUrl: up.setup_url,
        ready,
        printed: () => printed,
        said: () => said,
        stop,
      }
  }
  await stop()
  throw new Error(`the house was not ready in ${READY_MS_MAX} ms: ${said.slice(-4_000)}`)
}
