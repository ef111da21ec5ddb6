import { type Kept, versionsOf } from '../../core/line-up.ts'
import { keepers, type MetricData, type ModelData } from '../../core/model.ts'
import { text } from '../../sql/states.ts'
import { type ResultRow, type Transaction, TransactionFailed, type Warehouse } from '../warehouse/warehouse.ts'
import { type DeployedModels, type ModelFacts, type ModelLedger, maxAttempts, planned } from './model-ledger.ts'

/** The model ledger in the warehouse. */
export class SqlModelLedger implements ModelLedger {
  readonly #warehouse: Warehouse

  constructor(warehouse: Warehouse) {
    this.#warehouse = warehouse
  }

  async models(): Promise<DeployedModels> {
    const [rows = []] = await this.#warehouse.run({ statements: ['SELECT * FROM ledger.model'] })
    const [row] = rows
    if (row === undefined) throw new Error('ledger.model is empty: the warehouse was never migrated; deploy the stage.')
    return modelsOf(row)
  }

  deploy(
    model: ModelData,
    prepare: (next: DeployedModels) => Promise<void> = async () => undefined,
  ): Promise<DeployedModels> {
    const definitions = keepers(model)
    const packs = packed(definitions)
    const rows = packs.flatMap((pack, number) =>
      pack.map(
        ({ name, version }, place) =>
          `(${[model.version, name, version].map(text).join(', ')}, SPLIT_PART(:definitions_${number}, CHR(10), ${place + 1}))`,
      ),
    )
    return this.#change(() => ({ version: model.version, keepers: definitions }), {
      prepare,
      statements: [
        `DELETE FROM ledger.definition WHERE line_up = ${text(model.version)}`,
        `INSERT INTO ledger.definition (line_up, metric, metric_version, definition) VALUES\n${rows.join(',\n')}`,
      ],
      parameters: Object.fromEntries(
        packs.map((pack, number) => [`definitions_${number}`, pack.map((one) => JSON.stringify(one)).join('\n')]),
      ),
    })
  }

  retire(): Promise<DeployedModels> {
    return this.#change(
      ({ kept, modelVersion }) =>
        kept.find(({ version }) => version === modelVersion) ?? { version: modelVersion, keepers: [] },
      { prepare: async () => undefined, statements: [], parameters: {} },
    )
  }

  /** Compare-and-set on the model's row: its columns can't be null, so what comes second fails as a whole. */
  async #change(
    deployedOf: (facts: ModelFacts) => Kept,
    first: Transaction & { readonly prepare: (next: DeployedModels) => Promise<void> },
  ): Promise<DeployedModels> {
    for (let attempt = 1; ; attempt++) {
      const facts = await this.#facts()
      const next = planned(facts, deployedOf(facts))
      if (first.statements.length === 0 && next.lineUp === facts.lineUp) return facts
      await first.prepare(next)
      try {
        await this.#warehouse.run({
          // Behind the mutex, as shards are made: the first one counts by the models that stand before or after.
          statements: ['LOCK ledger.mutex', ...first.statements, ...definitionsSql(next), movedSql(facts, next)],
          parameters: first.parameters ?? {},
        })
        return next
      } catch (error) {
        if (!(error instanceof TransactionFailed) || attempt === maxAttempts) throw error
      }
    }
  }

  async #facts(): Promise<ModelFacts> {
    const inSlot = (slot: string): string => `SELECT d.model_version FROM ledger.control c
JOIN ledger.dataset d ON d.dataset_id = c.${slot}_dataset_id WHERE c.${slot}_state <> 'empty'`
    const inSlots = `${inSlot('blue')} UNION ${inSlot('green')}`
    const [models = [], control = [], slots = [], shards = [], definitions = []] = await this.#warehouse.run({
      statements: [
        'SELECT * FROM ledger.model',
        'SELECT live_dataset_id FROM ledger.control',
        inSlots,
        'SELECT COUNT(*) AS shards FROM ledger.speed_position',
        `SELECT d.line_up, d.metric, d.metric_version FROM ledger.definition d
JOIN (${inSlots} UNION SELECT serving_version AS model_version FROM ledger.model UNION SELECT model_version FROM ledger.model) m
ON m.model_version = d.line_up`,
      ],
    })
    const kept = new Map<string, { name: string; version: string }[]>()
    for (const row of definitions) {
      const own = kept.get(String(row.line_up)) ?? []
      kept.set(String(row.line_up), own)
      own.push({ name: String(row.metric), version: String(row.metric_version) })
    }
    return {
      ...modelsOf(models[0] ?? {}),
      liveDatasetId: String(control[0]?.live_dataset_id ?? ''),
      slotModels: slots.map((row) => String(row.model_version)),
      hasShards: Number(shards[0]?.shards) > 0,
      kept: [...kept].map(([version, own]) => ({ version, keepers: own })),
    }
  }
}

/** Redshift's longest text. */
const maxTextBytes = 65_535

/** The Data API takes 200 parameters, so several definitions go in one, a line each: JSON has no line break in it. */
const packed = (definitions: readonly MetricData[]): MetricData[][] => {
  const packs: MetricData[][] = []
  let bytes = maxTextBytes
  for (const one of definitions) {
    const own = Buffer.byteLength(JSON.stringify(one)) + 1
    bytes += own
    if (bytes <= maxTextBytes) packs.at(-1)?.push(one)
    else {
      packs.push([one])
      bytes = own
    }
  }
  return packs
}

/** What a line-up of several models keeps, named as one: each version of each metric once. */
const definitionsSql = ({ lineUp }: DeployedModels): string[] => {
  const versions = versionsOf(lineUp)
  if (versions.length < 2) return []
  return [
    `DELETE FROM ledger.definition WHERE line_up = ${text(lineUp)}`,
    `INSERT INTO ledger.definition (line_up, metric, metric_version, definition)
SELECT ${text(lineUp)}, metric, metric_version, MIN(definition) FROM ledger.definition
WHERE line_up IN (${versions.map(text).join(', ')}) GROUP BY metric, metric_version`,
  ]
}

const movedSql = ({ revision, servingVersion, hasShards }: ModelFacts, next: DeployedModels): string => {
  const isNew = next.servingVersion !== servingVersion && !hasShards
  const isKnown = `revision = ${revision}${isNew ? ' AND (SELECT COUNT(*) FROM ledger.speed_position) = 0' : ''}`
  const set = { model_version: next.modelVersion, serving_version: next.servingVersion, line_up: next.lineUp }
  const values = Object.entries(set).map(
    ([column, value]) => `${column} = CASE WHEN ${isKnown} THEN ${text(value)} END`,
  )
  return `UPDATE ledger.model SET ${values.join(', ')}, revision = revision + 1`
}

const modelsOf = (row: ResultRow): DeployedModels => ({
  modelVersion: String(row.model_version ?? ''),
  servingVersion: String(row.serving_version ?? ''),
  lineUp: String(row.line_up ?? ''),
  revision: Number(row.revision ?? 0),
})
