import { keepers, type ModelData } from '../../core/model.ts'
import { maxAttempts } from '../ledger/model-ledger.ts'
import { Draft } from './memory-draft.ts'
import { recordDeployed } from './memory-models.ts'
import { type Committed, emptyTables } from './memory-tables.ts'
import { TransactionFailed } from './warehouse.ts'

/** Awaited between a transaction's last statement and its commit. What it throws rolls the transaction back. */
export type BeforeCommit = (what: string) => Promise<void>

const atOnce: BeforeCommit = async () => undefined

/**
 * The warehouse in memory, without its SQL: transactions under snapshot isolation, of which the first to commit wins
 * where two change one row. Inserts never conflict, since no key is enforced. It uses no clock, no timer and no chance,
 * so what happens in it is decided by the order of the calls and by `beforeCommit` alone.
 */
export class MemoryWarehouse {
  readonly #beforeCommit: BeforeCommit
  #committed: Committed = emptyTables
  #mutex: Promise<void> = Promise.resolve()
  #transactions = 0

  constructor(beforeCommit: BeforeCommit = atOnce) {
    this.#beforeCommit = beforeCommit
  }

  /** What stands committed now: the snapshot of a transaction that only reads. */
  get committed(): Committed {
    return this.#committed
  }

  /**
   * Runs one transaction. @param what its name, for `beforeCommit` and errors
   * @throws TransactionFailed where a row that it changes was changed by another that committed since its snapshot
   */
  async transact<Answer>(what: string, work: (draft: Draft) => Answer | Promise<Answer>): Promise<Answer> {
    const id = `memory-${++this.#transactions}-${what}`
    const draft = new Draft(this.#committed)
    const answer = await work(draft)
    await this.#beforeCommit(what)
    const outcome = draft.onto(this.#committed)
    if ('conflict' in outcome)
      throw new TransactionFailed(id, `could not serialize access to ${outcome.conflict} due to a concurrent update`)
    this.#committed = outcome.committed
    return answer
  }

  /** The same behind `LOCK ledger.mutex`, which is held to the end; the snapshot is taken once the lock is. */
  async transactLocked<Answer>(what: string, work: (draft: Draft) => Answer | Promise<Answer>): Promise<Answer> {
    const held = this.#mutex
    let release = (): void => undefined
    this.#mutex = new Promise((resolve) => {
      release = resolve
    })
    await held
    try {
      return await this.transact(what, work)
    } finally {
      release()
    }
  }

  /** Makes the tables that are missing, and records the model as the one deployed: a migration, tried again as the SQL's is. */
  async migrate(model: ModelData, attempt = 1): Promise<void> {
    try {
      await this.#migrate(model)
    } catch (error) {
      if (!(error instanceof TransactionFailed) || attempt === maxAttempts) throw error
      await this.migrate(model, attempt + 1)
    }
  }

  async #migrate(model: ModelData): Promise<void> {
    const metrics = keepers(model).map(({ name, version }) => ({ metric: name, metricVersion: version }))
    await this.transactLocked('migrate', (draft) => {
      if (draft.table('control').rows().length === 0) draft.table('control').insert(firstControl)
      const tables = draft.table('metricTable')
      const isThere = ({ metric, metricVersion }: (typeof metrics)[number]): boolean =>
        tables.rows().some((table) => table.metric === metric && table.metricVersion === metricVersion)
      tables.insert(...metrics.filter((metric) => !isThere(metric)))
      if (draft.table('model').rows().length === 0)
        draft.table('model').insert({ modelVersion: '', servingVersion: '', lineUp: '', revision: 0 })
      recordDeployed(draft, model)
    })
  }
}

const empty = { datasetId: '', state: 'empty' } as const
const firstControl = { liveDatasetId: '', slots: { blue: empty, green: empty }, revision: 0 }

/** Compare-and-set: SQL sets a column that can't be null to null, which fails the transaction. */
export const refuseMoved = (what: string, known: { revision: number }, current: { revision: number }): void => {
  if (known.revision !== current.revision)
    throw new TransactionFailed(
      `memory-${what}`,
      `revision ${current.revision} stands where ${known.revision} was read`,
    )
}
