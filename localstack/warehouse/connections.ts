import pg, { type PoolClient } from 'pg'
import type { Log } from '../running.ts'
import { LOCAL_LIMITS } from './limits.ts'

/** A connection that is ready for one statement or batch, as if it were new. */
export interface Session {
  client: PoolClient
  pid: number
  /** Set once something tried to end what it runs. Such a connection isn't used again: the interrupt may arrive late. */
  interrupted?: Promise<void>
}

/**
 * What a session starts with, and returns to between statements. Plain literals take backslashes as escapes, as Redshift's do.
 */
const SETTINGS = {
  standard_conforming_strings: 'off',
  escape_string_warning: 'off',
  backslash_quote: 'on',
  default_transaction_isolation: 'repeatable\\ read',
  search_path: 'public',
  timezone: 'UTC',
}

/** The endpoint's connections to PostgreSQL. */
export class Connections {
  readonly #pool: pg.Pool
  readonly #connectionString: string
  readonly #log: Log

  constructor(connectionString: string, log: Log) {
    this.#connectionString = connectionString
    this.#log = log
    const options = Object.entries(SETTINGS)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' ')
    this.#pool = new pg.Pool({ connectionString, options, max: LOCAL_LIMITS.connections, idleTimeoutMillis: 60_000 })
    this.#pool.on('error', (error) => log(`An idle connection to PostgreSQL ended: ${error.message}`))
    // A connection in use reports to its query; without a listener its end between two queries would end the process.
    this.#pool.on('connect', (client) =>
      client.on('error', (error) => log(`A connection to PostgreSQL ended: ${error.message}`)),
    )
  }

  /** Waits until a connection is free; rejects where PostgreSQL can't be reached. */
  async take(): Promise<Session> {
    const client = await this.#pool.connect()
    return { client, pid: (client as PoolClient & { processID: number }).processID }
  }

  /** Gives back a connection, clean: no transaction, no temporary table, no changed setting. */
  async giveBack({ client, interrupted }: Session): Promise<void> {
    if (interrupted) {
      await interrupted.catch((error: Error) => this.#log(`A query could not be interrupted: ${error.message}`))
      return client.release(true)
    }
    try {
      await client.query('ROLLBACK')
      await client.query('DISCARD ALL')
    } catch (error) {
      return client.release(error instanceof Error ? error : true)
    }
    client.release()
  }

  /** Interrupts what a connection runs; resolves once PostgreSQL was told. */
  interrupt(session: Session): Promise<void> {
    session.interrupted = this.#cancelBackend(session.pid)
    return session.interrupted
  }

  /** By a connection of its own: all others may be in use. */
  async #cancelBackend(pid: number): Promise<void> {
    const client = new pg.Client({ connectionString: this.#connectionString })
    await client.connect()
    try {
      await client.query('SELECT pg_cancel_backend($1)', [pid])
    } finally {
      await client.end()
    }
  }

  async end(): Promise<void> {
    await this.#pool.end()
  }
}
