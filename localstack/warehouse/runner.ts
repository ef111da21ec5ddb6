import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../running.ts'
import type { Connections, Session } from './connections.ts'
import type { ObjectStore } from './copy/object-store.ts'
import { runCopy } from './copy/run-copy.ts'
import { errorText, StatementError } from './faults.ts'
import { runQuery } from './run-query.ts'
import { statementVerb } from './sql-text.ts'
import type { Outcome, Statement, SubStatement } from './statement.ts'

export interface RunnerParts {
  connections: Connections
  objects: ObjectStore
  log: Log
  now: () => number
}

const TRANSACTION_CONTROL = new Set(['BEGIN', 'START', 'COMMIT', 'END', 'ROLLBACK', 'ABORT', 'SAVEPOINT', 'RELEASE'])
const PRIOR_FAILED = 'Connection or a prior query failed.'
const CANCELLED = 'Query was cancelled on user request.'

/** Runs statements, each as one transaction, as many at a time as there are connections. */
export class Runner {
  readonly #parts: RunnerParts
  readonly #sessions = new WeakMap<Statement, Session>()

  constructor(parts: RunnerParts) {
    this.#parts = parts
  }

  /** Runs the statement to its end; what goes wrong becomes its status and error. */
  async run(statement: Statement): Promise<void> {
    const { connections, now } = this.#parts
    let session: Session
    try {
      session = await connections.take()
    } catch (error) {
      return this.#fail(statement, error)
    }
    try {
      if (!statement.isActive) return await connections.giveBack(session)
      statement.redshiftPid = session.pid
      this.#sessions.set(statement, session)
      statement.advance('PICKED', now())
      const startedNs = process.hrtime.bigint()
      const setDuration = () => {
        statement.durationNs = Number(process.hrtime.bigint() - startedNs)
      }
      await this.#transaction(statement, session, setDuration)
    } catch (error) {
      this.#fail(statement, error)
    }
    await connections.giveBack(session)
  }

  async #transaction(statement: Statement, session: Session, setDuration: () => void): Promise<void> {
    const { now } = this.#parts
    const explicit = statement.request.isBatch || statementVerb(statement.request.sqls[0] ?? '') === 'COPY'
    statement.advance('STARTED', now())
    try {
      if (explicit) await session.client.query('BEGIN')
      for (const part of statement.parts) await this.#part(statement, part, session)
      statement.cancelled.signal.throwIfAborted()
      if (explicit) await session.client.query('COMMIT')
    } finally {
      setDuration()
    }
    statement.advance('FINISHED', now())
  }

  async #part(statement: Statement, part: SubStatement, session: Session): Promise<void> {
    const { now } = this.#parts
    statement.cancelled.signal.throwIfAborted()
    part.advance('STARTED', now())
    const startedNs = process.hrtime.bigint()
    try {
      part.outcome = await this.#execute(statement, part, session)
      part.durationNs = Number(process.hrtime.bigint() - startedNs)
      part.advance('FINISHED', now())
    } catch (error) {
      part.durationNs = Number(process.hrtime.bigint() - startedNs)
      const cancelled = statement.cancelled.signal.aborted
      part.advance(cancelled ? 'ABORTED' : 'FAILED', now(), cancelled ? CANCELLED : errorText(error))
      throw error
    }
  }

  async #execute(statement: Statement, part: SubStatement, session: Session): Promise<Outcome> {
    const verb = statementVerb(part.sql)
    if (statement.request.isBatch && TRANSACTION_CONTROL.has(verb)) {
      throw new StatementError(`${verb} can't stand in a batch, which is one transaction.`)
    }
    if (verb === 'COPY') return runCopy(session.client, part.bound, this.#parts.objects, statement.cancelled.signal)
    const { connections, log } = this.#parts
    const interrupt = () => {
      connections.interrupt(session).catch((error: Error) => log(`Could not end a query early: ${error.message}`))
    }
    return runQuery(session, part.bound, interrupt)
  }

  #fail(statement: Statement, error: unknown): void {
    const nowMs = this.#parts.now()
    const cancelled = statement.cancelled.signal.aborted
    const failedAt = statement.parts.findIndex(({ status }) => status === 'FAILED')
    const prefix = statement.request.isBatch && failedAt >= 0 ? `Query #${failedAt + 1} failed with ` : ''
    for (const part of statement.parts) {
      if (part.isActive) part.advance('ABORTED', nowMs, cancelled ? CANCELLED : PRIOR_FAILED)
      part.outcome = undefined
    }
    statement.advance(cancelled ? 'ABORTED' : 'FAILED', nowMs, cancelled ? CANCELLED : prefix + errorText(error))
  }

  /** Ends an active statement. Resolves once it has ended: true where by this, false where it had ended by itself first. */
  async cancel(statement: Statement): Promise<boolean> {
    statement.cancelled.abort()
    if (statement.status === 'SUBMITTED') this.#fail(statement, undefined)
    while (statement.isActive) {
      const session = this.#sessions.get(statement)
      if (session) await this.#parts.connections.interrupt(session)
      // The interrupt has no effect where it arrives between two of the connection's queries.
      await Promise.race([statement.settled, sleep(100, undefined, { ref: false })])
    }
    return statement.status === 'ABORTED'
  }
}
