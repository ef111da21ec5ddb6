import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Log, Running } from '../running.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { ensureCluster, placeData, SUPERUSER } from './postgres-data.ts'
import { freeStaleLock, isServerOf, lockedBy } from './postgres-lock.ts'
import { serverUser } from './postgres-user.ts'

/** The one database of the local warehouse. */
export const DATABASE = 'tidemark'

/** Starts a child process, as node's spawn does. */
export type SpawnChild = (command: string, args: string[], options: SpawnOptions) => ChildProcess

export interface PostgresOptions {
  port: number
  /** Made, with an empty warehouse, where it doesn't exist. */
  dataDir: string
  log: Log
  spawnChild?: SpawnChild
}

/** A server that accepts connections; `pid` is the server's own, whatever wraps it. */
export interface RunningPostgres extends Running {
  connectionString: string
  pid: number
}

const READY_WITHIN_MS = 60_000
const LEFTOVERS_END_WITHIN_MS = 20_000
const STOPS_WITHIN_MS = 15_000
const LEFTOVERS = /pre-existing shared memory block|lock file "postmaster.pid" already exists/i

/**
 * Runs PostgreSQL on 127.0.0.1, with fsync on: what was committed survives kill -9. Waits until it accepts connections and
 * has the database `tidemark`. Throws with the server's last lines where it doesn't start.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const user = serverUser()
  const native = postgresBinaries(user, options.log)
  const place = placeData(options.dataDir, user, options.log)
  const cluster = ensureCluster(native, place, user)
  await leftoversEnded(cluster, options.log)
  freeStaleLock(cluster)
  const giveUpAt = Date.now() + LEFTOVERS_END_WITHIN_MS
  for (;;) {
    const server = launch(options, join(native, 'bin', 'postgres'), cluster, { ...user, cwd: place })
    const problem = await ready(server, options.port, cluster)
    if (problem === undefined) return running(server, cluster, options.port)
    await ended(server)
    if (!LEFTOVERS.test(problem) || Date.now() > giveUpAt) {
      throw new Error(`PostgreSQL did not start on port ${options.port} with ${cluster}: ${problem}`)
    }
    options.log('Processes of an earlier PostgreSQL are still ending; starting again in half a second.')
    await sleep(500)
  }
}

interface Server {
  child: ChildProcess
  lastLines: string[]
  exited: Promise<string>
  hasExited: () => boolean
}

function launch(
  { port, log, spawnChild = spawn }: PostgresOptions,
  command: string,
  cluster: string,
  options: SpawnOptions,
): Server {
  const child = spawnChild(command, ['-D', cluster, ...settings(port)], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lastLines: string[] = []
  const keep = (line: string) => {
    log(line)
    lastLines.push(line)
    if (lastLines.length > 20) lastLines.shift()
  }
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', keep)
  let gone = false
  const exited = new Promise<string>((resolve) => {
    const end = (how: string) => {
      gone = true
      resolve(how)
    }
    child.once('exit', (code, signal) => end(signal ?? `exit ${code}`))
    child.once('error', (error) => {
      keep(error.message)
      end(error.message)
    })
  })
  return { child, lastLines, exited, hasExited: () => gone }
}

/**
 * No Unix socket, no replication, and a log without statements: they may be long, and their errors reach who sent them.
 * Redshift doesn't bound the locks of a transaction, PostgreSQL does, by 64 times the connections unless told otherwise: too
 * few where the tables, indexes and views of hundreds of metrics are dropped at once.
 */
function settings(port: number): string[] {
  const values: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 50,
    max_locks_per_transaction: 1024,
    fsync: 'on',
    wal_level: 'minimal',
    max_wal_senders: 0,
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    jit: 'off',
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** Undefined once the server accepts connections and has its database; else why it ended. */
async function ready(server: Server, port: number, cluster: string): Promise<string | undefined> {
  const giveUpAt = Date.now() + READY_WITHIN_MS
  for (;;) {
    if (server.hasExited()) return server.lastLines.join('\n') || 'it ended without a word'
    const problem = await ensureDatabase(port, cluster)
    if (problem === undefined && !server.hasExited()) return undefined
    if (Date.now() > giveUpAt)
      return `no connection within ${READY_WITHIN_MS} ms: ${problem}\n${server.lastLines.join('\n')}`
    await sleep(50)
  }
}

/**
 * Undefined once the database is there; else why it can't be reached yet. Another server on the port isn't taken for ours, which then ends for
 * want of the port.
 */
async function ensureDatabase(port: number, cluster: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: connectionString(port, 'postgres'), connectionTimeoutMillis: 5_000 })
  let problem: string | undefined
  client.on('error', (error) => {
    problem = error.message
  })
  try {
    await client.connect()
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
    if (rows[0]?.data_directory !== cluster) return `port ${port} answers with the data of ${rows[0]?.data_directory}`
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error)
  } finally {
    await client.end()
  }
  return problem
}

async function running(server: Server, cluster: string, port: number): Promise<RunningPostgres> {
  const pid = lockedBy(cluster)
  if (pid === undefined) {
    await ended(server)
    throw new Error(`PostgreSQL on ${cluster} ended as soon as it had started.`)
  }
  return {
    connectionString: connectionString(port, DATABASE),
    pid,
    ended: server.exited,
    stop: async () => {
      if (!server.hasExited()) signal(pid, 'SIGINT')
      await Promise.race([server.exited, sleep(STOPS_WITHIN_MS, undefined, { ref: false })])
      await ended(server)
    },
  }
}

const connectionString = (port: number, database: string) => `postgresql://${SUPERUSER}@127.0.0.1:${port}/${database}`

/** Ends what is left of a server that didn't start or didn't stop by itself; it recovers from that at the next start. */
async function ended(server: Server): Promise<void> {
  if (!server.hasExited()) server.child.kill('SIGQUIT')
  await server.exited
}

/** Sends a signal; that the process has just ended by itself is no error. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits while a server of an earlier run still holds the cluster; throws where it doesn't end. */
async function leftoversEnded(cluster: string, log: Log): Promise<void> {
  const giveUpAt = Date.now() + LEFTOVERS_END_WITHIN_MS
  for (let pid = lockedBy(cluster); pid !== undefined && isServerOf(pid, cluster); pid = lockedBy(cluster)) {
    if (Date.now() > giveUpAt)
      throw new Error(`PostgreSQL with pid ${pid} still runs on ${cluster}. Stop it: kill -INT ${pid}`)
    log(`Waiting for PostgreSQL with pid ${pid}, which still runs on ${cluster}.`)
    await sleep(1_000)
  }
}
