import { contributor } from '../../core/contributor.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import type { ConditionData, DimensionData, MeasureData, MetricData, Model, ModelData } from '../../core/model.ts'
import { placeInShard, type RawRecord, type Row } from '../../core/record.ts'
import { type Engine, soundEngine } from './core-answers.ts'

/** A fault that someone might make, put into the code that answers. */
export interface PlantedFault {
  readonly name: string
  readonly plant: (engine: Engine, hash: Hash64) => Engine
}

/** The model with other contributions: of metrics that mean something else, or of rows that say something else. */
const contributing = (
  { model }: Engine,
  hash: Hash64,
  changed: { readonly metric?: (metric: MetricData) => MetricData; readonly row?: (row: Row, event: string) => Row },
): Engine => {
  const { metric = (same) => same, row = (same) => same } = changed
  const data: ModelData = { ...model.data, metrics: model.data.metrics.map(metric) }
  const contributions = contributor(data, hash)
  return soundEngine({
    ...model,
    contributions: (decoded, layer) => contributions({ ...decoded, row: row(decoded.row, decoded.type) }, layer),
  })
}

const mapWhere = (change: (condition: ConditionData) => readonly ConditionData[]) => (metric: MetricData) => ({
  ...metric,
  where: metric.where.flatMap(change),
})

const mapBy = (change: (dimension: DimensionData) => DimensionData) => (metric: MetricData) => ({
  ...metric,
  by: metric.by.map(change),
})

const mapMeasure = (change: (measure: MeasureData) => MeasureData) => (metric: MetricData) => ({
  ...metric,
  measure: change(metric.measure),
})

const mapRow = (row: Row, change: (value: unknown) => unknown): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, change(value)]))

const place = (record: RawRecord): string => `${placeInShard(record)} ${record.shardId}`

export const plantedFaults: readonly PlantedFault[] = [
  {
    name: 'greatest values are added up',
    plant: (engine) => ({ ...engine, merge: (op, a, b) => (op === 'max' ? a + b : engine.merge(op, a, b)) }),
  },
  {
    name: 'least values are merged as greatest',
    plant: (engine) => ({ ...engine, merge: (op, a, b) => engine.merge(op === 'min' ? 'max' : op, a, b) }),
  },
  {
    name: 'sums are made of doubles',
    plant: (engine) => ({
      ...engine,
      merge: (op, a, b) => (op === 'sum' ? BigInt(Number(a) + Number(b)) : engine.merge(op, a, b)),
    }),
  },
  {
    name: "a zone's days are UTC's",
    plant: (engine, hash) => contributing(engine, hash, { metric: ({ zone: _, ...metric }) => metric }),
  },
  {
    name: 'weeks begin on Sundays',
    plant: (engine) => {
      const weekly = new Set(engine.model.data.metrics.flatMap(({ per, name }) => (per === 'week' ? [name] : [])))
      const { model } = engine
      return soundEngine({
        ...model,
        contributions: (decoded, layer) =>
          model
            .contributions(decoded, layer)
            .map((one) => (weekly.has(one.metric) ? { ...one, bucket: one.bucket - 86_400_000 } : one)),
      })
    },
  },
  {
    name: 'nulls are counted as 0',
    plant: (engine, hash) => {
      const amounts = new Set(
        engine.model.data.metrics.flatMap(({ measure }) => ('field' in measure ? [measure.field] : [])),
      )
      return contributing(engine, hash, {
        row: (row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [name, value === null && amounts.has(name) ? 0n : value]),
          ),
      })
    },
  },
  {
    name: 'a dimension that is null is an empty text',
    plant: (engine) => {
      const { model } = engine
      return soundEngine({
        ...model,
        contributions: (decoded, layer) =>
          model.contributions(decoded, layer).map((one) => ({ ...one, dims: one.dims.map((dim) => dim ?? '') })),
      })
    },
  },
  {
    name: 'values that are not kept stand by themselves',
    plant: (engine, hash) => contributing(engine, hash, { metric: mapBy(({ keep: _, ...dimension }) => dimension) }),
  },
  {
    name: 'the last of the kept values is not kept',
    plant: (engine, hash) =>
      contributing(engine, hash, {
        metric: mapBy(({ keep, ...dimension }) =>
          keep === undefined ? dimension : { ...dimension, keep: { ...keep, values: keep.values.slice(0, -1) } },
        ),
      }),
  },
  {
    name: 'a dimension that is null is counted with all others',
    plant: (engine) => {
      const others = new Map(
        engine.model.data.metrics.map(({ name, by }) => [name, by.map(({ keep }) => keep?.other ?? null)]),
      )
      const { model } = engine
      return soundEngine({
        ...model,
        contributions: (decoded, layer) =>
          model
            .contributions(decoded, layer)
            .map((one) => ({ ...one, dims: one.dims.map((dim, nth) => dim ?? others.get(one.metric)?.[nth] ?? null) })),
      })
    },
  },
  {
    name: 'decimals lose their fraction',
    plant: (engine, hash) =>
      contributing(engine, hash, {
        row: (row) => mapRow(row, (value) => (typeof value === 'bigint' ? (value / 10n) * 10n : value)),
      }),
  },
  {
    name: 'conditions are ignored',
    plant: (engine, hash) => contributing(engine, hash, { metric: mapWhere(() => []) }),
  },
  {
    name: 'lt holds for its own bound',
    plant: (engine, hash) =>
      contributing(engine, hash, {
        metric: mapWhere((one) =>
          one.op === 'lt' && typeof one.value === 'number' ? [{ ...one, value: one.value + 1 }] : [one],
        ),
      }),
  },
  {
    name: 'gte does not hold for its own bound',
    plant: (engine, hash) =>
      contributing(engine, hash, {
        metric: mapWhere((one) =>
          one.op === 'gte' && typeof one.value === 'number' ? [{ ...one, value: one.value + 1 }] : [one],
        ),
      }),
  },
  {
    name: 'not leaves out null, as in SQL',
    plant: (engine, hash) =>
      contributing(engine, hash, {
        metric: mapWhere((one) =>
          one.op === 'not' && one.value !== null ? [one, { field: one.field, op: 'not', value: null }] : [one],
        ),
      }),
  },
  {
    name: 'in looks at the first value alone',
    plant: (engine, hash) =>
      contributing(engine, hash, {
        metric: mapWhere((one) => (Array.isArray(one.value) ? [{ ...one, value: one.value.slice(0, 1) }] : [one])),
      }),
  },
  {
    name: 'the last of twins is kept',
    plant: (engine) => ({
      ...engine,
      winners: (model, records) => {
        const last = new Map<string, RawRecord>()
        for (const record of records.toSorted((a, b) => (place(a) < place(b) ? -1 : 1))) {
          const { type, id, eventTime } = model.decode(record)
          last.set(JSON.stringify([type, id, eventTime]), record)
        }
        return [...last.values()]
      },
    }),
  },
  { name: 'twins all count', plant: (engine) => ({ ...engine, winners: (_, records) => [...records] }) },
  {
    name: 'the record above the mark counts on both sides',
    plant: (engine) => ({ ...engine, isBelow: (at, mark) => at <= mark + 1 }),
  },
  {
    name: 'the record at the mark counts on no side',
    plant: (engine) => ({ ...engine, isBelow: (at, mark) => at < mark }),
  },
  {
    name: 'of a list the first element alone counts',
    plant: (engine, hash) =>
      contributing(engine, hash, {
        row: (row) => mapRow(row, (value) => (Array.isArray(value) ? value.slice(0, 1) : value)),
      }),
  },
  {
    name: 'a combination is counted by its first field',
    plant: (engine, hash) =>
      contributing(engine, hash, {
        metric: mapMeasure((measure) =>
          measure.kind === 'countDistinct' ? { ...measure, fields: measure.fields.slice(0, 1) } : measure,
        ),
      }),
  },
  {
    name: 'a histogram’s value on an edge lies below it',
    plant: (engine, hash) =>
      contributing(engine, hash, {
        metric: mapMeasure((measure) =>
          measure.kind === 'histogram' ? { ...measure, edges: measure.edges.map((edge) => edge + 1) } : measure,
        ),
      }),
  },
  {
    name: 'a quantile is the next one up',
    plant: (engine) => ({
      ...engine,
      answer: (measure, state) =>
        engine.answer(
          measure.kind === 'quantile' ? { ...measure, q: Math.min(measure.q + 0.2, 0.999999) } : measure,
          state,
        ),
    }),
  },
  {
    name: 'late events are taken',
    plant: (engine) => ({ ...engine, model: { ...engine.model, decode: takesAll(engine.model) } }),
  },
]

/** Each record as if it had arrived when it happened. */
const takesAll =
  ({ decode }: Model): Model['decode'] =>
  (record) => {
    const decoded = decode(record)
    if (decoded.rejection?.reason !== 'too_late') return decoded
    const at = /(\d+) ms before/.exec(decoded.rejection.detail)?.[1]
    return decode({ ...record, arrivalTime: record.arrivalTime - Number(at) })
  }

export const plantedIn = async (fault: PlantedFault, model: Model): Promise<Engine> =>
  fault.plant(soundEngine(model), await loadHash64())
