import { gzipSync } from 'node:zlib'
import { decimal, event, int, metric, z } from 'tidemark'
import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import { estimateRegisters } from '../../../core/hyperloglog.ts'
import type { Model, ModelData } from '../../../core/model.ts'
import { encodeRawLine, rawObjectKey } from '../../../core/raw-archive.ts'
import type { RawRecord } from '../../../core/record.ts'
import type { Batch } from '../../../lambdas/batch/batch.ts'
import { migrate } from '../../../lambdas/batch/migrate.ts'
import type { RebuildProgress } from '../../../lambdas/batch/rebuild.ts'
import type { ReplayProgress } from '../../../lambdas/batch/replay.ts'
import type { Run } from '../../../lambdas/batch/run.ts'
import { runStep, type StepRequest } from '../../../lambdas/batch/steps.ts'
import { answerMetric, findMetric, type MetricAnswer } from '../../../lambdas/serving/metrics.ts'
import { readQuestion } from '../../../lambdas/serving/question.ts'
import { DuplicateCheck } from '../../../lambdas/speed/duplicate-check.ts'
import { TableWriter } from '../../../lambdas/speed/table.ts'
import { Exclusions } from '../../../stores/archive/exclusions.ts'
import { MemoryArchive } from '../../../stores/archive/memory.ts'
import { stageRows } from '../../../stores/archive/staging.ts'
import { MemoryIdentities } from '../../../stores/identities/memory.ts'
import { jsonLines, type ResultsFormat } from '../../../stores/jobs/naive-recompute.ts'
import type { DatasetLedger } from '../../../stores/ledger/dataset-ledger.ts'
import type { ExclusionLedger } from '../../../stores/ledger/exclusion-ledger.ts'
import type { LimitLedger } from '../../../stores/ledger/limit-ledger.ts'
import { MemoryDatasetLedger } from '../../../stores/ledger/memory-dataset-ledger.ts'
import { MemoryExclusionLedger } from '../../../stores/ledger/memory-exclusion-ledger.ts'
import { MemoryLimitLedger } from '../../../stores/ledger/memory-limit-ledger.ts'
import { MemoryModelLedger } from '../../../stores/ledger/memory-model-ledger.ts'
import { MemoryReplayOutputs } from '../../../stores/ledger/memory-replay-outputs.ts'
import { MemorySpeedLedger } from '../../../stores/ledger/memory-speed-ledger.ts'
import type { ModelLedger } from '../../../stores/ledger/model-ledger.ts'
import type { ReplayOutputs } from '../../../stores/ledger/replay-outputs.ts'
import type { SpeedLedger } from '../../../stores/ledger/speed-ledger.ts'
import { SqlDatasetLedger } from '../../../stores/ledger/sql-dataset-ledger.ts'
import { SqlExclusionLedger } from '../../../stores/ledger/sql-exclusion-ledger.ts'
import { SqlLimitLedger } from '../../../stores/ledger/sql-limit-ledger.ts'
import { SqlModelLedger } from '../../../stores/ledger/sql-model-ledger.ts'
import { SqlReplayOutputs } from '../../../stores/ledger/sql-replay-outputs.ts'
import { SqlSpeedLedger } from '../../../stores/ledger/sql-speed-ledger.ts'
import { LineUps } from '../../../stores/models/line-ups.ts'
import { MemoryModels } from '../../../stores/models/memory.ts'
import { MemoryStates } from '../../../stores/states/memory.ts'
import { SqlStates } from '../../../stores/states/sql.ts'
import type { States } from '../../../stores/states/states.ts'
import { MemoryWarehouse } from '../../../stores/warehouse/memory.ts'
import { RedshiftDataWarehouse } from '../../../stores/warehouse/redshift-data.ts'
import { duplicatesWindowMs } from '../../lambdas/speed/duplicates.ts'
import { compileZoned } from '../../resolved.ts'
import { LocalWarehouse } from '../warehouse/local-warehouse.ts'
import { exclusionsAt, firstsOf, isLeftOut, merged, winnersOf } from './naive.ts'
import { NaiveJobs, parquet } from './naive-job.ts'

export const sale = event('sale', {
  shop: z.string().nullable(),
  express: z.boolean(),
  amount: decimal(2, 'EUR'),
  items: int('items').nullable(),
})
/** Every kind of measure, with dimensions that are null, empty and boolean. */
export const definitions = {
  sales: metric('sales', sale.count('sales'), { by: ['shop', 'express'], per: 'hour' }),
  turnover: metric('turnover', sale.sum('amount'), { by: ['shop'], per: 'day' }),
  smallest: metric('smallest', sale.min('items'), { by: ['express'], per: 'day' }),
  largest: metric('largest', sale.max('amount'), { per: 'day' }),
  shops: metric('shops', sale.countDistinct('shop'), { by: ['express'], per: 'day' }),
}
/** The same, with sales counted otherwise. */
export const changedDefinitions = {
  ...definitions,
  sales: metric('sales', sale.count('sales'), { by: ['shop', 'express'], per: 'hour', where: { express: true } }),
}

export const arrival = Date.parse('2026-01-03T00:00:00Z')
export const shardA = 'shardId-000000000000'
export const shardB = 'shardId-000000000001'
export const sequence = (number: number): string => String(number).padStart(64, '0')

export interface SaleFields {
  readonly id?: string
  readonly at?: string
  readonly shop?: string | null
  readonly express?: boolean
  readonly amount?: string
  readonly items?: number | null
  /** Of definitions of a test's own. */
  readonly device?: object | null
}

export const saleRecord = (
  shardId: string,
  number: number,
  fields: SaleFields = {},
  arrivalTime = arrival,
): RawRecord => ({
  shardId,
  sequenceNumber: sequence(number),
  arrivalTime,
  text: JSON.stringify({
    type: 'sale',
    id: `${shardId}-${number}`,
    at: '2026-01-02T10:00:00Z',
    shop: 'mitte',
    express: true,
    amount: '1.50',
    items: 2,
    ...fields,
  }),
})

const copyRoleArn = 'arn:aws:iam::000000000000:role/copy'

/** What a stage stands on: a real warehouse, or its twin. */
interface Parts {
  readonly archive: MemoryArchive
  readonly ledger: DatasetLedger
  readonly exclusions: ExclusionLedger
  readonly states: States
  readonly results: ResultsFormat
  readonly speedLedger: (unique: () => string) => SpeedLedger
  readonly outputs: (unique: () => string) => ReplayOutputs
  readonly modelLedger: ModelLedger
  readonly limits: LimitLedger
  readonly migrate: (model: ModelData, models: MemoryModels) => Promise<unknown>
  readonly positions: () => Promise<Record<string, string>>
}

const realParts = (local: LocalWarehouse, warehouse: RedshiftDataWarehouse): Parts => {
  const archive = new MirroredArchive(local)
  return {
    archive,
    ledger: new SqlDatasetLedger(warehouse),
    exclusions: new SqlExclusionLedger(warehouse),
    states: new SqlStates(warehouse, copyRoleArn),
    results: parquet,
    speedLedger: (unique) =>
      new SqlSpeedLedger({ warehouse, stageRows: stageRows(archive, 'lake', unique), copyRoleArn }),
    outputs: (unique) =>
      new SqlReplayOutputs({ warehouse, stageRows: stageRows(archive, 'lake', unique), copyRoleArn }),
    modelLedger: new SqlModelLedger(warehouse),
    limits: new SqlLimitLedger(warehouse),
    migrate: (model, models) => migrate(warehouse, models, model, 'postgres'),
    positions: async () => {
      const rows = await local.rows('SELECT shard_id, position FROM ledger.speed_position')
      return Object.fromEntries(rows.map(([shardId, position]) => [String(shardId), String(position)]))
    },
  }
}

const memoryParts = (): Parts => {
  const [archive, warehouse] = [new MemoryArchive(), new MemoryWarehouse()]
  return {
    archive,
    ledger: new MemoryDatasetLedger(warehouse),
    exclusions: new MemoryExclusionLedger(warehouse),
    states: new MemoryStates({ warehouse, archive }),
    results: jsonLines,
    speedLedger: () => new MemorySpeedLedger(warehouse),
    outputs: () => new MemoryReplayOutputs(warehouse),
    modelLedger: new MemoryModelLedger(warehouse),
    limits: new MemoryLimitLedger(warehouse),
    migrate: (model) => warehouse.migrate(model),
    positions: async () =>
      Object.fromEntries(warehouse.committed.speedPosition.map(({ shardId, position }) => [shardId, position])),
  }
}

/** The archive; what COPY reads also stands in the warehouse's small S3. */
class MirroredArchive extends MemoryArchive {
  readonly #local: LocalWarehouse

  constructor(local: LocalWarehouse) {
    super()
    this.#local = local
  }

  override async putObject(key: string, body: Uint8Array): Promise<void> {
    await super.putObject(key, body)
    this.#local.put(key, Buffer.from(body))
  }
}

/** A stage without its stream: the batch steps, the speed table's writer and the answers, on a warehouse or its twin. */
export class BatchStage {
  readonly #real: { readonly local: LocalWarehouse; readonly warehouse: RedshiftDataWarehouse } | null
  #parts: Parts
  archive: MemoryArchive
  jobs: NaiveJobs
  ledger: DatasetLedger
  states: States
  readonly identities = new MemoryIdentities(duplicatesWindowMs, Date.now)
  readonly shards: { shardId: string; parentShardIds: string[] }[] = []
  /** What each shard's stream holds, in order. */
  readonly stream = new Map<string, RawRecord[]>()
  model: Model
  /** All that were ever deployed. */
  readonly models = new MemoryModels()
  maxDrift = 1_000_000
  speedRetentionMs = -1000
  /** Every other run counts as lost at once, so that two may be under way. */
  silentAfterMs = -1
  now = arrival
  #executions = 0
  #stagings = 0

  private constructor(local: LocalWarehouse | null, model: Model) {
    const target = { workgroup: 'tidemark-test', database: 'tidemark', secretArn: null }
    this.#real = local === null ? null : { local, warehouse: new RedshiftDataWarehouse(local.client, target) }
    this.#parts = this.#real === null ? memoryParts() : realParts(this.#real.local, this.#real.warehouse)
    this.model = model
    this.archive = this.#parts.archive
    this.jobs = new NaiveJobs(this.archive, () => this.model, this.#parts.results)
    this.ledger = this.#parts.ledger
    this.states = this.#parts.states
  }

  /** @param model what it begins with; left out: the definitions above */
  static async start(on: 'warehouse' | 'memory' = 'warehouse', model?: Model): Promise<BatchStage> {
    const [local, hash] = await Promise.all([on === 'memory' ? null : LocalWarehouse.start(), loadHash64()])
    const stage = new BatchStage(local, model ?? compileDefinitions(definitions, hash))
    try {
      await stage.#migrate()
    } catch (error) {
      // Nobody gets the stage whose warehouse would go on.
      await stage.stop()
      throw error
    }
    return stage
  }

  /** How the files are written that COPY reads. */
  get results(): ResultsFormat {
    return this.#parts.results
  }

  /**
   * Has COPY wait where it comes to an object, until it is let go. On the twin a load goes on only as it is looked at.
   */
  heldAt(key: string): { readonly reached: Promise<void>; readonly letGo: () => void } {
    if (this.#real === null) return { reached: Promise.resolve(), letGo: () => undefined }
    const { store } = this.#real.local
    let letGo = (): void => undefined
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const reached = new Promise<void>((resolve) => {
      store.onRead = async (path) => {
        if (path !== `lake/${key}`) return
        resolve()
        await held
      }
    })
    return { reached, letGo }
  }

  /** The real warehouse's process. */
  get local(): LocalWarehouse {
    return this.#reality.local
  }

  get warehouse(): RedshiftDataWarehouse {
    return this.#reality.warehouse
  }

  get #reality(): { readonly local: LocalWarehouse; readonly warehouse: RedshiftDataWarehouse } {
    if (this.#real === null) throw new Error('This stage stands on the twin; there is no warehouse behind it.')
    return this.#real
  }

  /** Empties the stage, as if it were new; its warehouse process stays. */
  async reset(): Promise<void> {
    const local = this.#real?.local ?? null
    // The slots first: that waits for loads that a test left, which come to the ledger's tables last.
    const schemas = ['batch_blue', 'batch_green', 'ledger', 'speed', 'analytics']
    await local?.prepare(...schemas.map((schema) => `DROP SCHEMA ${schema} CASCADE`))
    const fresh = new BatchStage(local, compileDefinitions(definitions, await loadHash64()))
    Object.assign(this, { ...fresh, jobs: new NaiveJobs(fresh.archive, () => this.model, fresh.#parts.results) })
    this.#parts = fresh.#parts
    await this.#migrate()
  }

  async stop(): Promise<void> {
    await this.#real?.local.stop()
  }

  async #migrate(): Promise<void> {
    this.models.add(this.model)
    await this.#parts.migrate(this.model.data, this.models)
  }

  get modelLedger(): ModelLedger {
    return this.#parts.modelLedger
  }

  get limits(): LimitLedger {
    return this.#parts.limits
  }

  /** @param code what stands for the code of functions, by event */
  async deploy(
    exported: Readonly<Record<string, unknown>>,
    code: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    this.model = compileZoned(exported, await loadHash64(), code)
    await this.#migrate()
  }

  get batch(): Batch {
    return {
      model: this.model.data,
      models: this.models,
      lineUps: new LineUps(this.models),
      modelLedger: this.#parts.modelLedger,
      dialect: 'postgres',
      archive: this.archive,
      bucket: 'lake',
      signsOfLife: this.archive,
      stream: { shards: async () => this.shards },
      states: this.states,
      ledger: this.ledger,
      exclusions: this.#parts.exclusions,
      speedLedger: this.speedLedger(),
      outputs: this.#parts.outputs(this.#unique()),
      jobs: this.jobs,
      executionLimitMs: 6 * 3_600_000,
      silentAfterMs: this.silentAfterMs,
      duplicatesWindowMs,
      speedRetentionMs: this.speedRetentionMs,
      maxDrift: this.maxDrift,
      now: () => this.now,
      unique: this.#unique(),
    }
  }

  speedLedger(): SpeedLedger {
    return this.#parts.speedLedger(this.#unique())
  }

  #unique(): () => string {
    const of = ++this.#stagings
    let staged = 0
    return () => `${this.now}-${of}-${staged++}`
  }

  writer(ledger = this.speedLedger()): TableWriter {
    const { identities } = this
    const stream = { shards: async () => this.shards }
    const duplicates = new DuplicateCheck({ identities, stream, windowMs: duplicatesWindowMs })
    const exclusions = new Exclusions(this.archive)
    const lineUps = new LineUps(this.models)
    return new TableWriter({ lineUps, ledger, exclusions, duplicates, now: () => this.now })
  }

  produce(shardId: string, fields: SaleFields = {}, arrivalTime = arrival): RawRecord {
    return this.#add(saleRecord(shardId, this.#nextIn(shardId), fields, arrivalTime))
  }

  /** The same of any event. */
  put(shardId: string, event: object, arrivalTime = arrival): RawRecord {
    const sequenceNumber = sequence(this.#nextIn(shardId))
    return this.#add({ shardId, sequenceNumber, arrivalTime, text: JSON.stringify(event) })
  }

  #nextIn(shardId: string): number {
    return (this.stream.get(shardId)?.length ?? 0) + 1
  }

  #add(record: RawRecord): RawRecord {
    const { shardId, arrivalTime } = record
    if (!this.shards.some((shard) => shard.shardId === shardId)) this.shards.push({ shardId, parentShardIds: [] })
    // What is committed was there before.
    this.now = Math.max(this.now, arrivalTime)
    this.stream.set(shardId, [...(this.stream.get(shardId) ?? []), record])
    return record
  }

  /** Archives the records in one object, as one invocation does. */
  async archiveRecords(records: readonly RawRecord[]): Promise<void> {
    const [first, last] = [records[0], records.at(-1)]
    if (first === undefined || last === undefined) return
    const lines = records.map((record) =>
      encodeRawLine({ ...record, partitionKey: 'k', bytes: Buffer.from(record.text ?? '') }),
    )
    const key = rawObjectKey(first.shardId, first.sequenceNumber, last.sequenceNumber)
    await this.archive.putObject(key, gzipSync(`${lines.join('\n')}\n`))
  }

  /** Brings every record so far to the archive and the speed table. */
  async settle(): Promise<void> {
    for (const [shardId, records] of this.stream) {
      await this.archiveRecords(records)
      await this.writer().write(shardId, records)
    }
  }

  step<Answer = Run>(request: StepRequest): Promise<Answer> {
    return runStep(this.batch, request) as Promise<Answer>
  }

  seal(options: Partial<{ full: boolean; promote: boolean; reloadDatasetId: string; executionName: string }> = {}) {
    const number = ++this.#executions
    return this.step({
      step: 'seal',
      executionName: options.executionName ?? `execution-${number}`,
      startedAt: new Date(arrival + number * 1000).toISOString(),
      full: options.full ?? false,
      promote: options.promote ?? true,
      reloadDatasetId: options.reloadDatasetId ?? null,
    })
  }

  /** Drives one execution as the state machine does. @returns the last run; the failure is recorded where it throws */
  async recompute(
    options: Parameters<BatchStage['seal']>[0] = {},
    between: (() => Promise<void>) | null = null,
  ): Promise<Run> {
    let run = await this.seal(options)
    try {
      for (const step of stepsAfter(run)) {
        await between?.()
        run = await this.#polled(step, run)
        if (step === 'compare' && run.next === 'hold') break
      }
    } catch (error) {
      const Cause = JSON.stringify({ errorMessage: error instanceof Error ? error.message : String(error) })
      await this.step({
        step: 'recordFailure',
        run,
        executionName: run.executionName,
        error: { Error: 'Error', Cause },
      })
      throw error
    }
    return run
  }

  /** Replays a shard to its end. @param between called after each step */
  async replay(
    shardId: string,
    maxRecords: number,
    between: () => Promise<unknown> = async () => null,
  ): Promise<number> {
    let reached: string | null = null
    for (let steps = 1; ; steps++) {
      const progress: ReplayProgress = await this.step({ step: 'replay', shardId, reached, maxRecords })
      if (!('reached' in progress)) throw new Error(`The replay was refused: ${JSON.stringify(progress)}`)
      await between()
      if (progress.done) return steps
      reached = progress.reached
    }
  }

  /** Goes back to a dataset whose speed rows may be pruned, as `rollback --rebuild` does. */
  async rollbackRebuilding(datasetId: string, maxRecords: number, between: () => Promise<unknown> = async () => null) {
    for (;;) {
      const progress = await this.step<RebuildProgress | { reload: string }>({ step: 'rebuild', datasetId, maxRecords })
      if ('reload' in progress) await this.recompute({ reloadDatasetId: datasetId, promote: false })
      else if (!('left' in progress)) throw new Error(`The rebuild was refused: ${JSON.stringify(progress)}`)
      else if (progress.done) return this.step<{ liveDatasetId?: string }>({ step: 'rollback', datasetId })
      await between()
    }
  }

  async #polled(step: RunStep, run: Run): Promise<Run> {
    for (let tries = 0; tries < 200; tries++) {
      const answer = await this.step({ step, run })
      if ((step !== 'pollRecompute' || answer.jobDone) && (step !== 'pollLoad' || answer.loadDone)) return answer
      if (this.#real !== null) await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`${step} of ${run.datasetId} did not end.`)
  }

  async ask(name: string, query: Record<string, string>): Promise<MetricAnswer> {
    const { data } = this.model
    return answerMetric(data, this.states, readQuestion(findMetric(data, name), new URLSearchParams(query), data))
  }

  /** A metric's answer by its full dimensions and own buckets, in a form to compare. */
  async answered(name: string): Promise<Record<string, string>> {
    const { by } = findMetric(this.model.data, name)
    const names = by.map((dimension) => dimension.name)
    const { rows } = await this.ask(name, names.length === 0 ? {} : { by: names.join(',') })
    return Object.fromEntries(
      rows.map((row) => {
        const dims = names.map((dimension) => row.by[dimension]).map((dim) => (dim === null ? null : String(dim)))
        return [`${row.bucket} ${JSON.stringify(dims)}`, `${row.value}${row.exact ? '' : ' or so'}`]
      }),
    )
  }

  /**
   * The same by a plain recount: events at or below the live dataset's marks once each; above, each record that is no
   * duplicate within its shard; each judged by the exclusions that its side counts it under.
   */
  async expected(name: string): Promise<Record<string, string>> {
    const { data } = this.model
    const found = findMetric(data, name)
    const { liveDatasetId } = await this.ledger.control()
    const marks = await this.ledger.marks(liveDatasetId)
    const positions = await this.positions()
    const all = [...this.stream.values()].flat()
    const isBelow = ({ shardId, sequenceNumber }: RawRecord): boolean => sequenceNumber <= (marks[shardId] ?? '')
    const ofBatch = await this.leftOut(await this.#revisionOf(liveDatasetId))
    const below = winnersOf(
      this.model,
      all.filter((one) => isBelow(one) && !ofBatch(one)),
    )
    const ofSpeed = await this.#leftOutOfSpeed()
    const lines = [...this.stream.values()].map((line) => line.filter((one) => !ofSpeed(one)))
    const firsts = lines.flatMap((line) => firstsOf(this.model, line, duplicatesWindowMs))
    const above = firsts.filter((one) => !isBelow(one) && one.sequenceNumber <= (positions[one.shardId] ?? ''))
    const contributionsOf = (records: readonly RawRecord[]) =>
      records.flatMap((record) => this.model.contributions(this.model.decode(record), 'batch'))
    const bySpeed = contributionsOf(above).filter((one) => one.metric === name)
    const states = merged([...contributionsOf(below).filter((one) => one.metric === name), ...bySpeed])
    const cells = new Map<string, typeof states>()
    const keyOf = ({ bucket, dims }: (typeof states)[number]): string =>
      `${new Date(bucket).toISOString()} ${JSON.stringify(dims)}`
    for (const state of states) cells.set(keyOf(state), [...(cells.get(keyOf(state)) ?? []), state])
    const speedCells = new Set(bySpeed.map(keyOf))
    const answerOf = (key: string, cell: typeof states): string => {
      if (found.measure.kind !== 'countDistinct') {
        const value = String(cell[0]?.value)
        return 'scale' in found.measure && found.measure.scale > 0 ? (Number(value) / 100).toFixed(2) : value
      }
      if (!speedCells.has(key)) return String(cell.filter(({ distinct }) => distinct === true).length)
      return `${estimateRegisters(cell.filter(({ component }) => /^r\d/.test(component)).map(({ value }) => value))} or so`
    }
    return Object.fromEntries([...cells].map(([key, cell]) => [key, answerOf(key, cell)]))
  }

  async #revisionOf(datasetId: string): Promise<number> {
    return datasetId === '' ? 0 : ((await this.ledger.dataset(datasetId))?.exclusions ?? 0)
  }

  async leftOut(revision: number): Promise<(record: RawRecord) => boolean> {
    const exclusions = await exclusionsAt(this.archive, revision)
    return (record) => isLeftOut(record, exclusions)
  }

  /** By the stretches that the ledger keeps: tests hold those to the positions of their time. */
  async #leftOutOfSpeed(): Promise<(record: RawRecord) => boolean> {
    const stretches = await this.#parts.exclusions.stretches()
    const sets = new Map<number, (record: RawRecord) => boolean>()
    for (const { revision } of stretches) sets.set(revision, await this.leftOut(revision))
    return (record) => {
      const own = stretches.filter(({ shardId, above }) => shardId === record.shardId && above < record.sequenceNumber)
      return sets.get(own.at(-1)?.revision ?? 0)?.(record) ?? false
    }
  }

  positions(): Promise<Record<string, string>> {
    return this.#parts.positions()
  }
}

type RunStep = Extract<StepRequest, { run: Run }>['step']
const loading = ['startLoad', 'pollLoad', 'compare', 'promote', 'prune'] as const

const stepsAfter = ({ next }: Run): readonly Exclude<RunStep, 'recordFailure'>[] =>
  next === 'nothing' ? [] : next === 'load' ? loading : ['startRecompute', 'pollRecompute', ...loading]
