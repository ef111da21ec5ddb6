import { answerOf, fixedComponents, type MergedAnswer, quantileAnswer } from '../../core/answer.ts'
import type { KeptEvent } from '../../core/folded.ts'
import type { MetricData } from '../../core/model.ts'
import { cellsSql, conditionSql, freshColumn } from '../../sql/cells.ts'
import { childrenSql, entitySql, refOf } from '../../sql/entities.ts'
import { stateColumn } from '../../sql/finish.ts'
import { keptSql } from '../../sql/kept-events.ts'
import { loadSql } from '../../sql/load.ts'
import { pairColumns, pairSql } from '../../sql/pairs.ts'
import { paritySql } from '../../sql/parity.ts'
import { receiptSql } from '../../sql/receipt.ts'
import { allGapsSql, batchTable, gapsSql, type Pin, type Slot, text } from '../../sql/states.ts'
import { qualified, quoted } from '../../sql/table.ts'
import { leftOutColumn, topSql } from '../../sql/top.ts'
import { type Comparison, largestFirst, maxBuckets } from '../ledger/dataset.ts'
import type { ExclusionStretch } from '../ledger/exclusion-ledger.ts'
import { differenceOf } from '../ledger/parity-rows.ts'
import { epochMsOf } from '../warehouse/sql-time.ts'
import type { ResultRow, Warehouse } from '../warehouse/warehouse.ts'
import type { EntityAnswer, EntityQuestion, Version } from './entity.ts'
import type { KeptAnswer, KeptQuestion } from './kept-events.ts'
import type { AnsweredCell, Asked, PairCell, Snapshot, States, StatesLoad, StatesQuestion } from './states.ts'
import { asStatesQuestion, type WholeQuestion, type WholesAnswer, type WholeValue } from './whole.ts'

/** The states in the warehouse. */
export class SqlStates implements States {
  readonly #warehouse: Warehouse
  readonly #copyRoleArn: string

  /** @param copyRoleArn what COPY reads by; '' for who only reads */
  constructor(warehouse: Warehouse, copyRoleArn: string) {
    this.#warehouse = warehouse
    this.#copyRoleArn = copyRoleArn
  }

  startLoad({ metric, slot, datasetId, manifestUri }: StatesLoad, token: string): Promise<string> {
    const statements = loadSql(metric, slot, datasetId, manifestUri, this.#copyRoleArn)
    return this.#warehouse.start({ statements }, token)
  }

  isLoaded(loadId: string): Promise<boolean> {
    return this.#warehouse.isDone(loadId)
  }

  async rowsLoaded(metric: MetricData, slot: Slot, datasetId: string): Promise<number> {
    const table = qualified(batchTable(metric, slot))
    const row = await this.#one(`SELECT COUNT(*) AS rows_loaded FROM ${table} WHERE dataset_id = ${text(datasetId)}`)
    return Number(row?.rows_loaded)
  }

  async gaps(metric: MetricData): Promise<number> {
    return Number((await this.#one(gapsSql(metric)))?.gaps)
  }

  async compare(metric: MetricData, slot: Slot, datasetId: string, served: Pin): Promise<Comparison> {
    const [rows = []] = await this.#warehouse.run({
      statements: [paritySql(metric, slot, datasetId, served, maxBuckets)],
    })
    const isTotal = (row: ResultRow): boolean => row.bucket === null
    const total = rows.find(isTotal)
    const count = (column: string): number => Number(total?.[column] ?? 0)
    return {
      metric: metric.name,
      rowsServed: count('rows_served'),
      rowsBuilt: count('rows_built'),
      rowsMissing: count('rows_missing'),
      rowsExtra: count('rows_extra'),
      rowsChanged: count('rows_changed'),
      bucketsDiffering: count('buckets_differing'),
      buckets: rows
        .filter((row) => !isTotal(row))
        .map(differenceOf)
        .sort(largestFirst),
    }
  }

  async read(question: StatesQuestion) {
    const conditions = question.where.map(conditionSql)
    const query = { ...question, where: conditions.map(({ sql }) => sql) }
    const cells = cellsSql(query)
    const ordered =
      question.top == null
        ? `${cells}\nORDER BY ${['bucket', ...question.by.map(quoted)].join(', ')}`
        : topSql(cells, question.metric, question.by, question.top)
    const [facts = [], rows = []] = await this.#warehouse.run({
      statements: [
        receiptSql(question.metric, question.pin?.datasetId ?? null),
        `${ordered} LIMIT ${question.limit} OFFSET ${question.offset}`,
      ],
      parameters: Object.assign({}, ...conditions.map(({ parameters }) => parameters)),
    })
    return {
      snapshot: snapshotOf(facts),
      cells: rows.map((row) => cellOf(question, row)),
      leftOut: Number(rows[0]?.[leftOutColumn] ?? 0),
    }
  }

  async readBoth(left: MetricData, right: MetricData, asked: Asked) {
    const conditions = asked.where.map(conditionSql)
    const query = { ...asked, where: conditions.map(({ sql }) => sql) }
    const order = ['bucket', ...asked.by.map(quoted)].join(', ')
    const datasetId = asked.pin?.datasetId ?? null
    const [facts = [], ofRight = [], rows = []] = await this.#warehouse.run({
      statements: [
        receiptSql(left, datasetId),
        receiptSql(right, datasetId),
        `${pairSql({ ...query, metric: left }, { ...query, metric: right })}\nORDER BY ${order} LIMIT ${asked.limit} OFFSET ${asked.offset}`,
      ],
      parameters: Object.assign({}, ...conditions.map(({ parameters }) => parameters)),
    })
    const snapshot = snapshotOf(facts)
    return {
      snapshot: { ...snapshot, gaps: snapshot.gaps + snapshotOf(ofRight).gaps },
      cells: rows.map((row): PairCell => {
        const at = (column: string): bigint | null => (row[column] == null ? null : BigInt(String(row[column])))
        const exact = at(pairColumns.estimates) === 0n
        return { ...placeOf(asked, row), left: at(pairColumns.left), right: at(pairColumns.right), exact }
      }),
    }
  }

  async readEntity({ versions, ref, children, metrics, limit }: EntityQuestion): Promise<EntityAnswer> {
    // One value, whatever column it is compared with: one parameter.
    const where = (dimension: string) => conditionSql({ dimension, value: ref }, 0)
    const named = where(refOf(versions))
    const kept = [versions, ...children.map((child) => child.versions), ...metrics.map(({ metric }) => metric)]
    const wholes = metrics.map(({ metric, dimension }) =>
      asStatesQuestion({ metric, where: [{ dimension, value: ref }], from: null, to: null }),
    )
    const results = await this.#warehouse.run({
      statements: [
        ...kept.map((metric) => receiptSql(metric, null)),
        entitySql(versions, named.sql, null),
        ...children.map((child) => childrenSql(child.versions, where(child.parentRef).sql, null, limit)),
        ...wholes.map((whole) => cellsSql({ ...whole, where: whole.where.map((one) => conditionSql(one, 0).sql) })),
      ],
      parameters: named.parameters,
    })
    const snapshots = results.slice(0, kept.length).map(snapshotOf)
    const [found = [], ...others] = results.slice(kept.length)
    const [first] = snapshots
    if (first === undefined) throw new Error('The warehouse answered without a receipt.')
    return {
      snapshot: { ...first, gaps: snapshots.reduce((sum, { gaps }) => sum + gaps, 0) },
      version: found.map(versionOf)[0] ?? null,
      children: children.map((_, place) => (others[place] ?? []).map(versionOf)),
      metrics: wholes.map(({ metric }, place) => wholeValue(metric, others[children.length + place] ?? [])),
    }
  }

  async readWholes(questions: readonly WholeQuestion[]): Promise<WholesAnswer> {
    const [first, ...others] = questions
    if (first === undefined) throw new Error('Nothing was asked.')
    // One value, whatever columns it is compared with: one parameter.
    const asked = [...new Set(questions.flatMap(({ where }) => where.map(({ value }) => value)))]
    const conditions = (where: WholeQuestion['where']) =>
      where.map((one) => conditionSql(one, asked.indexOf(one.value)))
    const [facts = [], holes = [], ...cells] = await this.#warehouse.run({
      statements: [
        receiptSql(first.metric, null),
        allGapsSql(others.map(({ metric }) => metric)),
        ...questions.map((one) =>
          cellsSql({ ...asStatesQuestion(one), where: conditions(one.where).map(({ sql }) => sql) }),
        ),
      ],
      parameters: Object.assign(
        {},
        ...questions.flatMap(({ where }) => conditions(where)).map((one) => one.parameters),
      ),
    })
    const snapshot = snapshotOf(facts)
    return {
      snapshot: { ...snapshot, gaps: snapshot.gaps + Number(holes[0]?.gaps ?? 0) },
      values: questions.map(({ metric }, place) => wholeValue(metric, cells[place] ?? [])),
    }
  }

  async readKept({ keepers, key, limit, ...asked }: KeptQuestion): Promise<KeptAnswer> {
    const [first, ...others] = keepers
    if (first === undefined) throw new Error('Nothing was asked.')
    const condition = key === null ? null : conditionSql({ dimension: refOf(first), value: key }, 0)
    const where = condition === null ? [] : [condition.sql]
    const [facts = [], holes = [], ...kept] = await this.#warehouse.run({
      statements: [
        receiptSql(first, asked.pin?.datasetId ?? null),
        allGapsSql(others),
        ...keepers.map((keeper) => keptSql(keeper, { ...asked, where, limit: limit + 1 })),
      ],
      parameters: condition?.parameters ?? {},
    })
    const snapshot = snapshotOf(facts)
    return {
      snapshot: { ...snapshot, gaps: snapshot.gaps + Number(holes[0]?.gaps ?? 0) },
      events: keepers.flatMap(({ name }, place) => (kept[place] ?? []).slice(0, limit).map(keptOf(name))),
      isCut: kept.some((rows) => rows.length > limit),
    }
  }

  async #one(statement: string): Promise<ResultRow | undefined> {
    const [rows = []] = await this.#warehouse.run({ statements: [statement] })
    return rows[0]
  }
}

const versionOf = (row: ResultRow): Version => ({
  ref: row.ref ?? '',
  component: String(row.component),
  isDeleted: Number(row.value) === 0,
  body: String(row.body),
})

const keptOf =
  (keeper: string) =>
  (row: ResultRow): KeptEvent => ({
    keeper,
    key: row.ref ?? '',
    component: String(row.component),
    body: String(row.body),
  })

const snapshotOf = (rows: readonly ResultRow[]): Snapshot => {
  const of = (kind: string): [string, string][] =>
    rows.filter((row) => row.kind === kind).map((row) => [String(row.a), row.b === null ? '' : String(row.b)])
  const exclusions = of('exclusions')[0]?.[0]
  const loaded = of('slot').filter(([, state]) => state === 'loaded')
  return {
    servingVersion: of('serving')[0]?.[0] ?? '',
    datasetId: of('dataset')[0]?.[0] ?? '',
    loaded: new Set(loaded.map(([datasetId]) => datasetId)),
    marks: Object.fromEntries(of('mark')),
    positions: Object.fromEntries(of('position')),
    pruned: Object.fromEntries(of('pruned')),
    exclusions: {
      batch: exclusions === undefined ? null : Number(exclusions),
      speed: of('excluded').map(stretchOf).sort(inStreamOrder),
    },
    sealedAt: isoOf(of('sealed')[0]?.[1]),
    committedAt: isoOf(of('committed')[0]?.[1]),
    gaps: Number(of('gaps')[0]?.[0] ?? 0),
  }
}

const stretchOf = ([shardId, stretch]: readonly [string, string]): ExclusionStretch => {
  const [above = '', revision = ''] = stretch.split(' ')
  return { shardId, above, revision: Number(revision) }
}

const inStreamOrder = (a: ExclusionStretch, b: ExclusionStretch): number => (a.above < b.above ? -1 : 1)

const cellOf = (question: StatesQuestion, row: ResultRow): AnsweredCell => ({
  ...placeOf(question, row),
  ...mergedValue(question.metric, row),
})

const placeOf = ({ by }: Asked, row: ResultRow): Pick<AnsweredCell, 'bucket' | 'dims'> => ({
  bucket: row.bucket === null || row.bucket === undefined ? null : epochMsOf(String(row.bucket)),
  // Redshift folds every column's name to lower case, quoted or not.
  dims: by.map((name) => row[name] ?? row[name.toLowerCase()] ?? null),
})

const wholeValue = (metric: MetricData, [row]: readonly ResultRow[]): WholeValue =>
  row === undefined ? null : mergedValue(metric, row)

type Merged = Omit<AnsweredCell, 'bucket' | 'dims'>

const mergedValue = ({ name, measure }: MetricData, row: ResultRow): Merged => {
  if (measure.kind === 'quantile') return valued(name, quantileAnswer(Number(row.value)))
  const components = fixedComponents(measure) ?? []
  if (measure.kind === 'countDistinct')
    return {
      value: BigInt(String(row.value)),
      exact: row.exact === true,
      aboveTidemark: Number(row[freshColumn] ?? 0),
    }
  if (components.length < 2) return { value: BigInt(String(row.value)), exact: true }
  const state = new Map(components.map((component, place) => [component, BigInt(String(row[stateColumn(place)]))]))
  return valued(name, answerOf(measure, state))
}

const valued = (name: string, { value, exact }: MergedAnswer): Pick<AnsweredCell, 'value' | 'exact'> => {
  if (value === null) throw new Error(`A row of ${name} has no value: its states count nothing.`)
  return { value, exact }
}

const isoOf = (sqlTime: string | undefined): string | null =>
  sqlTime === undefined || sqlTime === '' ? null : new Date(epochMsOf(sqlTime)).toISOString()
