import type { LineUp } from '../../core/line-up.ts'
import { type Slot, text, timestamp } from '../../sql/states.ts'
import { maxStatements } from '../warehouse/redshift-data.ts'
import type { ResultRow, Warehouse } from '../warehouse/warehouse.ts'
import {
  type Control,
  type Dataset,
  type DatasetKind,
  type DatasetState,
  type Marks,
  mayFollow,
  noted,
  type Parity,
  type ReachedState,
  type SlotState,
} from './dataset.ts'
import type { Alone, DatasetLedger, NewDataset, Serving } from './dataset-ledger.ts'
import type { DeployedModels } from './model-ledger.ts'
import { paritiesOf, parityTransactions } from './parity-rows.ts'
import { storableReason } from './reason.ts'

/** The dataset ledger in the warehouse. */
export class SqlDatasetLedger implements DatasetLedger {
  readonly #warehouse: Warehouse

  constructor(warehouse: Warehouse) {
    this.#warehouse = warehouse
  }

  async control(): Promise<Control> {
    const [row] = await this.#select('SELECT * FROM ledger.control')
    if (row === undefined)
      throw new Error('ledger.control is empty: the warehouse was never migrated; deploy the stage.')
    const slot = (name: Slot) => ({
      datasetId: String(row[`${name}_dataset_id`]),
      state: String(row[`${name}_state`]) as SlotState,
    })
    return {
      liveDatasetId: String(row.live_dataset_id),
      slots: { blue: slot('blue'), green: slot('green') },
      revision: Number(row.revision),
    }
  }

  async datasets(): Promise<Dataset[]> {
    return (await this.#select('SELECT * FROM ledger.dataset ORDER BY sealed_at DESC, dataset_id DESC')).map(datasetOf)
  }

  async dataset(datasetId: string): Promise<Dataset | null> {
    const [row] = await this.#select('SELECT * FROM ledger.dataset WHERE dataset_id = :dataset', { dataset: datasetId })
    return row === undefined ? null : datasetOf(row)
  }

  async marks(datasetId: string): Promise<Marks> {
    if (datasetId === '') return {}
    const rows = await this.#select('SELECT shard_id, mark FROM ledger.mark WHERE dataset_id = :dataset', {
      dataset: datasetId,
    })
    return Object.fromEntries(rows.map((row) => [String(row.shard_id), String(row.mark)]))
  }

  async speedPositions(): Promise<Marks> {
    const rows = await this.#select('SELECT shard_id, position FROM ledger.speed_position')
    return Object.fromEntries(rows.map((row) => [String(row.shard_id), String(row.position)]))
  }

  async shardsBesides(lineUp: LineUp): Promise<string[]> {
    const rows = await this.#select(
      `SELECT shard_id FROM ledger.speed_position WHERE line_up <> ${text(lineUp)} ORDER BY shard_id`,
    )
    return rows.map((row) => String(row.shard_id))
  }

  async newestEdges(bounds: Marks): Promise<Marks> {
    const conditions = Object.entries(bounds).map(
      ([shard, bound]) => `(shard_id = ${text(shard)} AND edge <= ${text(bound)})`,
    )
    if (conditions.length === 0) return {}
    const rows = await this.#select(
      `SELECT shard_id, MAX(edge) AS edge FROM ledger.speed_edge WHERE ${conditions.join(' OR ')} GROUP BY shard_id`,
    )
    return Object.fromEntries(rows.map((row) => [String(row.shard_id), String(row.edge)]))
  }

  async versionEdges(modelVersion: string): Promise<Marks> {
    const rows = await this.#select(`SELECT e.shard_id, MAX(e.edge) AS edge FROM ledger.metric_edge e
JOIN ledger.definition d ON d.metric = e.metric AND d.metric_version = e.metric_version
WHERE d.line_up = ${text(modelVersion)} GROUP BY e.shard_id`)
    return Object.fromEntries(rows.map((row) => [String(row.shard_id), String(row.edge)]))
  }

  async prunedTo(): Promise<Marks> {
    const rows = await this.#select('SELECT shard_id, pruned_to FROM ledger.pruned')
    return Object.fromEntries(rows.map((row) => [String(row.shard_id), String(row.pruned_to)]))
  }

  /** Under the mutex, since no key is enforced: of two that come at once, the second sees what the first committed. */
  async register(dataset: NewDataset, alone?: Alone): Promise<void> {
    const { datasetId, baseDatasetId, kind, modelVersion, exclusions, marks, metrics, sealedAt } = dataset
    const id = text(datasetId)
    const inTheWay = alone === undefined ? '' : ` OR (${inTheWaySql(alone)})`
    const isNew = `NOT EXISTS (SELECT 1 FROM ledger.dataset WHERE dataset_id = ${id}${inTheWay})`
    const marked = Object.entries(marks).map(
      ([shard, mark]) => `SELECT ${id}, ${text(shard)}, ${text(mark)} WHERE ${isNew}`,
    )
    const held = metrics.map(({ name, version }) => `SELECT ${id}, ${text(name)}, ${text(version)} WHERE ${isNew}`)
    await this.#warehouse.run({
      statements: [
        'LOCK ledger.mutex',
        `INSERT INTO ledger.mark (dataset_id, shard_id, mark) ${marked.join(' UNION ALL ')}`,
        `INSERT INTO ledger.dataset_metric (dataset_id, metric, metric_version) ${held.join(' UNION ALL ')}`,
        `INSERT INTO ledger.dataset (dataset_id, base_dataset_id, kind, model_version, exclusions, state, step, reason, sealed_at, updated_at)
SELECT ${id}, ${text(baseDatasetId)}, ${text(kind)}, ${text(modelVersion)}, ${exclusions}, 'sealed', 'seal', '', ${timestamp(sealedAt)}, ${timestamp(sealedAt)} WHERE ${isNew}`,
      ],
    })
  }

  async setState(datasetId: string, state: ReachedState, step: string, now: number): Promise<DatasetState | null> {
    const [, [row] = []] = await this.#warehouse.run({
      statements: [
        `${stateSql(datasetId, state, step, now)} AND ${isOneOfSql(mayFollow[state])}`,
        `SELECT state FROM ledger.dataset WHERE dataset_id = ${text(datasetId)}`,
      ],
    })
    return row === undefined ? null : (String(row.state) as DatasetState)
  }

  async noteFailure(
    datasetId: string,
    step: string,
    reason: string,
    now: number,
    state: 'failed' | null,
  ): Promise<void> {
    const failed = state === null ? '' : ", state = 'failed'"
    await this.#warehouse.run({
      statements: [
        `UPDATE ledger.dataset SET step = ${text(step)}, reason = :reason, updated_at = ${timestamp(now)}${failed} WHERE dataset_id = :dataset AND ${isOneOfSql(state === null ? noted : mayFollow[state])}`,
      ],
      parameters: { reason: storableReason(reason), dataset: datasetId },
    })
  }

  async setSlot(control: Control, slot: Slot, datasetId: string, state: SlotState): Promise<void> {
    await this.#warehouse.run({
      statements: [controlSql(control, { [`${slot}_dataset_id`]: datasetId, [`${slot}_state`]: state })],
    })
  }

  async takeSlot(control: Control, slot: Slot, datasetId: string, step: string, now: number): Promise<void> {
    await this.#warehouse.run({
      statements: [
        controlSql(control, { [`${slot}_dataset_id`]: datasetId, [`${slot}_state`]: 'loading' }),
        // The column can't be null: where the dataset has failed, the transaction does.
        `UPDATE ledger.dataset SET step = CASE WHEN state <> 'failed' THEN ${text(step)} END, reason = '', updated_at = ${timestamp(now)} WHERE dataset_id = ${text(datasetId)}`,
      ],
    })
  }

  async serve(control: Control, datasetId: string, serving: Serving, step: string, now: number): Promise<void> {
    const { known, modelVersion, views } = serving
    await this.#warehouse.run({
      statements: [
        controlSql(control, { live_dataset_id: datasetId }),
        stateSql(datasetId, 'promoted', step, now),
        `UPDATE ledger.model SET serving_version = CASE WHEN revision = ${known.revision} THEN ${text(modelVersion)} END, revision = revision + 1`,
        ...views,
      ],
    })
  }

  async install(statements: readonly string[]): Promise<void> {
    for (let first = 0; first < statements.length; first += maxStatements)
      await this.#warehouse.run({ statements: statements.slice(first, first + maxStatements) })
  }

  async installAsOf(known: DeployedModels, statements: readonly string[]): Promise<DeployedModels> {
    let { revision } = known
    // An even number: a view's two statements stay together.
    for (let first = 0; first < statements.length; first += maxStatements - 2, revision++)
      await this.#warehouse.run({
        statements: [
          `UPDATE ledger.model SET revision = CASE WHEN revision = ${revision} THEN ${revision + 1} END`,
          ...statements.slice(first, first + maxStatements - 2),
        ],
      })
    return { ...known, revision }
  }

  async prune(control: Control, bounds: Marks): Promise<void> {
    const statements = Object.entries(bounds).flatMap(([shard, bound]) => [
      `DELETE FROM speed.rows WHERE shard_id = ${text(shard)} AND sequence_number <= ${text(bound)}`,
      `DELETE FROM ledger.speed_edge WHERE shard_id = ${text(shard)} AND edge < ${text(bound)}`,
      `DELETE FROM ledger.pruned WHERE shard_id = ${text(shard)}`,
      `INSERT INTO ledger.pruned (shard_id, pruned_to) VALUES (${text(shard)}, ${text(bound)})`,
    ])
    await this.#warehouse.run({
      statements: [...statements, controlSql(control, { live_dataset_id: control.liveDatasetId })],
    })
  }

  async edgesCommittedBefore(bounds: Marks, before: number): Promise<Marks> {
    const conditions = Object.entries(bounds).map(
      ([shard, bound]) => `(shard_id = ${text(shard)} AND edge <= ${text(bound)})`,
    )
    if (conditions.length === 0) return {}
    const rows = await this.#select(`SELECT shard_id, MAX(edge) AS edge FROM ledger.speed_edge
WHERE committed_at < ${timestamp(before)} AND (${conditions.join(' OR ')}) GROUP BY shard_id`)
    return Object.fromEntries(rows.map((row) => [String(row.shard_id), String(row.edge)]))
  }

  async recordParity(datasetId: string, parities: readonly Parity[]): Promise<void> {
    if (parities.length === 0) return
    for (const statements of parityTransactions(datasetId, parities)) await this.#warehouse.run({ statements })
  }

  async parity(datasetId: string): Promise<Parity[]> {
    const of = (table: string): string => `SELECT * FROM ledger.${table} WHERE dataset_id = :dataset ORDER BY metric`
    const [totals = [], buckets = []] = await this.#warehouse.run({
      statements: [of('parity'), of('parity_bucket')],
      parameters: { dataset: datasetId },
    })
    return paritiesOf(totals, buckets)
  }

  async #select(statement: string, parameters: Readonly<Record<string, string>> = {}): Promise<ResultRow[]> {
    const [rows = []] = await this.#warehouse.run({ statements: [statement], parameters })
    return rows
  }
}

/** Compare-and-set on control: its columns can't be null, so a transaction that comes second fails as a whole. */
const controlSql = ({ revision }: Control, values: Readonly<Record<string, string>>): string => {
  const set = Object.entries(values).map(
    ([column, value]) => `${column} = CASE WHEN revision = ${revision} THEN ${text(value)} END`,
  )
  return `UPDATE ledger.control SET ${set.join(', ')}, revision = revision + 1`
}

const inTheWaySql = ({ modelVersion, sealedAfter, lost }: Alone): string => {
  const notLost = lost.length === 0 ? '' : ` AND dataset_id NOT IN (${lost.map(text).join(', ')})`
  return `state IN ('sealed', 'recomputed') AND model_version = ${text(modelVersion)} AND sealed_at > ${timestamp(sealedAfter)}${notLost}`
}

const isOneOfSql = (states: readonly DatasetState[]): string => `state IN (${states.map(text).join(', ')})`

const stateSql = (datasetId: string, state: DatasetState, step: string, now: number): string =>
  `UPDATE ledger.dataset SET state = ${text(state)}, step = ${text(step)}, reason = '', updated_at = ${timestamp(now)} WHERE dataset_id = ${text(datasetId)}`

const datasetOf = (row: ResultRow): Dataset => ({
  datasetId: String(row.dataset_id),
  baseDatasetId: String(row.base_dataset_id),
  kind: String(row.kind) as DatasetKind,
  modelVersion: String(row.model_version),
  exclusions: Number(row.exclusions),
  state: String(row.state) as DatasetState,
  step: String(row.step),
  reason: String(row.reason),
  sealedAt: String(row.sealed_at),
  updatedAt: String(row.updated_at),
})
