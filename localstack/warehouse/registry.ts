import { createHash, randomUUID } from 'node:crypto'
import { notFoundFault, ServiceFault, validationFault } from './faults.ts'
import { LIMITS, LOCAL_LIMITS } from './limits.ts'
import { bindParameters } from './parameters.ts'
import { Statement, type StatementRequest, SubStatement } from './statement.ts'

interface Token {
  statementId: string
  content: string
  atMs: number
}

/** All statements that the endpoint knows, oldest first, and the client tokens that made them. */
export class StatementRegistry {
  readonly #statements = new Map<string, Statement>()
  /** Those that have ended, in the order of their ends. */
  readonly #ended = new Set<Statement>()
  readonly #tokens = new Map<string, Token>()
  readonly #now: () => number
  #queryId = 0
  #active = 0
  #keptBytes = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * The statement for a request: a new one, or that of an earlier request with the same token and content (`isNew` false: don't run
   * it). ValidationException where the token came with other content; ActiveStatementsExceededException at 500 active ones.
   */
  admit(request: StatementRequest): { id: string; statement: Statement | undefined; isNew: boolean } {
    this.forget()
    const content = contentHash(request)
    const token = request.clientToken === undefined ? undefined : this.#tokens.get(request.clientToken)
    if (token) {
      if (token.content === content)
        return { id: token.statementId, statement: this.#statements.get(token.statementId), isNew: false }
      throw validationFault(
        `ClientToken ${request.clientToken} was already used with other content, for statement ${token.statementId}.`,
      )
    }
    const statement = this.#create(request)
    if (request.clientToken !== undefined) {
      this.#tokens.set(request.clientToken, { statementId: statement.id, content, atMs: this.#now() })
    }
    return { id: statement.id, statement, isNew: true }
  }

  #create(request: StatementRequest): Statement {
    const bound = bindParameters(request.sqls, request.parameters)
    if (this.#active >= LIMITS.activeStatements) {
      throw new ServiceFault(
        'ActiveStatementsExceededException',
        `${this.#active} statements are active; at most ${LIMITS.activeStatements} may be.`,
      )
    }
    const nowMs = this.#now()
    const parts = bound.map((sql, index) => {
      this.#queryId += 1
      return new SubStatement(request.sqls[index] ?? '', sql, this.#queryId, nowMs)
    })
    const statement = new Statement(randomUUID(), request, parts, nowMs)
    this.#statements.set(statement.id, statement)
    this.#active += 1
    statement.settled.then(() => this.#hasEnded(statement))
    return statement
  }

  #hasEnded(statement: Statement): void {
    this.#active -= 1
    this.#ended.add(statement)
    this.#keptBytes += statement.keptBytes
    this.forget()
  }

  /** The statement by its id (without suffix), or ResourceNotFoundException. */
  get(id: string): Statement {
    this.forget()
    const found = this.#statements.get(id)
    if (!found) throw notFoundFault('Query does not exist.', id)
    return found
  }

  /** All statements, newest first. */
  newestFirst(): Statement[] {
    this.forget()
    return [...this.#statements.values()].reverse()
  }

  /** Drops finished statements after 24 h, and the oldest ones while they hold too much memory; tokens after 8 h. */
  forget(): void {
    const nowMs = this.#now()
    for (const [token, { atMs }] of this.#tokens) {
      if (nowMs - atMs < LIMITS.clientTokenRetentionMs) break
      this.#tokens.delete(token)
    }
    for (const statement of this.#ended) {
      const expired = nowMs - statement.updatedAtMs >= LIMITS.resultRetentionMs
      const tooMuch = this.#keptBytes > LOCAL_LIMITS.keptBytes && this.#ended.size > 1
      if (!expired && !tooMuch) break
      this.#statements.delete(statement.id)
      this.#ended.delete(statement)
      this.#keptBytes -= statement.keptBytes
    }
  }
}

function contentHash({ clientToken: _, ...content }: StatementRequest): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}
