import { buckets } from '../../core/bucket.ts'
import type { Random } from '../fuzz/random.ts'
import {
  type ConditionPlan,
  type DefinitionsPlan,
  type DerivedPlan,
  type EventPlan,
  type FieldPlan,
  fieldNamed,
  isQuantity,
  type KeepPlan,
  type MeasurePlan,
  type MetricPlan,
  type PairPlan,
  type Value,
} from './plan.ts'

const texts = [
  'a',
  'b',
  'ab',
  '',
  'null',
  '\\N',
  "it's",
  'say "no"',
  'back\\slash',
  'ünï',
  '🌊',
  '\u{ffff}',
  'tab\t',
  ' a',
  '\n',
  '%',
]
const wholes = [0n, 1n, 2n, -1n, 7n, 10n, 49n, 50n, 51n, 2147483648n, 9007199254740991n, -9007199254740991n]
const amounts = [
  0n,
  1n,
  -1n,
  5n,
  10n,
  49n,
  50n,
  51n,
  99n,
  150n,
  1999n,
  -250n,
  123456789n,
  4503599627370497n,
  -4503599627370497n,
]
const zones = [
  'Europe/Berlin',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/St_Johns',
  'Africa/Casablanca',
  'America/Havana',
]

/** Definitions that the random choices decide: events, metrics of them, and what is derived of those. */
export const randomDefinitions = (random: Random, metricCount: number): DefinitionsPlan => {
  const events = Array.from({ length: 3 }, (_, place) => randomEvent(random, `event${place}`))
  const metrics = Array.from({ length: metricCount }, (_, place) => randomMetric(random, events, `m${place}`))
  return { events, metrics, pairs: randomPairs(random, metrics) }
}

const some = <T>(random: Random, all: readonly T[], count: number): T[] => {
  const left = [...all]
  return Array.from({ length: Math.min(count, all.length) }, () => left.splice(random.below(left.length), 1)).flat()
}

const randomEvent = (random: Random, name: string): EventPlan => {
  const paths = [
    ...Array.from({ length: 8 + random.below(5) }, (_, place) => `f${place}`),
    'box.a',
    'box.b',
    'box.deep.c',
    'box.deep.d',
  ]
  // Two that every event has: something to measure, and something to split by.
  const fields = paths.map((path, place) =>
    randomField(random, path, place === 0 ? 'decimal' : place === 1 ? 'text' : null),
  )
  const plain = fields.filter(({ list, missing }) => !list && missing === 'never')
  const idField = plain.find(({ kind }) => kind === 'text' || kind === 'whole' || kind === 'boolean')
  return {
    name,
    fields,
    derived: randomDerived(random, fields),
    id: idField !== undefined && random.chance(0.3) ? ['id', idField.path] : ['id'],
    lateHours: random.chance(0.4) ? 24 * (1 + random.below(400)) : null,
    earlyHours: random.chance(0.5) ? 1 : 1 + random.below(48),
  }
}

const randomField = (random: Random, path: string, wanted: FieldPlan['kind'] | null): FieldPlan => {
  const kind = wanted ?? random.pick(['text', 'enum', 'boolean', 'whole', 'int', 'decimal', 'text', 'int'] as const)
  const list = wanted === null && !path.includes('.') && kind !== 'boolean' && random.chance(0.25)
  const scale = kind === 'decimal' ? 1 + random.below(4) : 0
  const values: Record<FieldPlan['kind'], readonly Value[]> = {
    text: some(random, texts, 2 + random.below(8)),
    enum: some(random, ['warm', 'cold', 'ice cold', 'Ünder'], 2 + random.below(3)),
    boolean: random.chance(0.5) ? [true, false] : [false, true],
    whole: some(random, wholes, 2 + random.below(8)),
    int: some(random, amounts, 3 + random.below(12)),
    decimal: some(random, amounts, 3 + random.below(12)),
  }
  const pool = values[kind]
  const missing = random.pick(
    list ? (['never', 'null', 'absent'] as const) : (['never', 'null', 'absent', 'default'] as const),
  )
  return { path, kind, list, scale, missing, standIn: missing === 'default' ? (pool[0] ?? null) : null, pool }
}

const randomDerived = (random: Random, fields: readonly FieldPlan[]): DerivedPlan[] => {
  const text = fields.find(({ kind, list, path }) => kind === 'text' && !list && !path.includes('.'))
  return [
    ...(text !== undefined && random.chance(0.6) ? [{ name: 'longer', makes: { longerThanTwo: text.path } }] : []),
    ...(random.chance(0.6) ? [{ name: 'hour_of', makes: 'hour' as const }] : []),
  ]
}

const randomMetric = (random: Random, events: readonly EventPlan[], name: string): MetricPlan => {
  const event = random.pick(events)
  const lists = event.fields.filter(({ list }) => list)
  const each = lists.length > 0 && random.chance(0.25) ? random.pick(lists).path : null
  // What is a list and not gone through can be neither measured nor compared.
  const fields = event.fields.filter(({ list, path }) => !list || path === each)
  const per = random.pick(buckets)
  const zone = random.chance(0.3) ? random.pick(zones) : null
  const splits = [
    ...fields.filter((field) => !isQuantity(field)).map(({ path }) => path),
    ...event.derived.map((derived) => derived.name),
  ]
  const most = zone !== null && buckets.indexOf(per) < buckets.indexOf('day') ? 7 : 8
  const by = some(random, splits, random.chance(0.7) ? random.below(3) : random.below(most + 1))
  const where = some(random, fields, random.pick([0, 0, 1, 1, 2])).flatMap((field) => randomCondition(random, field))
  const keep = new Map(by.flatMap((path) => randomKeep(random, event, path)))
  return { name, event, each, measure: randomMeasure(random, fields), where, by, keep, per, zone }
}

/** What all others are called may be a value that is not kept. */
const randomKeep = (random: Random, { fields }: EventPlan, path: string): [string, KeepPlan][] => {
  const field = fields.find((one) => one.path === path)
  if (field === undefined || (field.kind !== 'text' && field.kind !== 'enum') || !random.chance(0.4)) return []
  const pool = field.pool.map(String)
  const values = some(random, pool, 1 + random.below(pool.length))
  const others = ['other', 'rest', "it's", ...pool].filter((text) => !values.includes(text))
  return [[path, { values, other: random.chance(0.5) ? 'other' : random.pick(others) }]]
}

const randomMeasure = (random: Random, fields: readonly FieldPlan[]): MeasurePlan => {
  const kinds = ['count', 'sum', 'min', 'max', 'mean', 'stddev', 'quantile', 'histogram', 'countDistinct'] as const
  const kind = random.pick(kinds)
  const field = random.pick(fields.filter(isQuantity)).path
  switch (kind) {
    case 'count':
      return { kind }
    case 'quantile':
      return { kind, field, millionths: random.pick([500_000, 900_000, 990_000, 1, 999_999, 250_000, 333_333]) }
    case 'histogram': {
      const edges = some(random, amounts, 1 + random.below(4)).toSorted((a, b) => (a < b ? -1 : 1))
      return { kind, field, edges }
    }
    case 'countDistinct': {
      const distinct = fields.filter((one) => !isQuantity(one)).map(({ path }) => path)
      return { kind, fields: some(random, distinct, 1 + random.below(3)) }
    }
    default:
      return { kind, field }
  }
}

/** All that the language lets be said of a field; a quantity is held to bounds, or to being there. */
const randomCondition = (random: Random, field: FieldPlan): ConditionPlan[] => {
  const value = (): Value => random.pick(field.pool)
  const of = (op: ConditionPlan['op'], ...values: (Value | null)[]): ConditionPlan => ({
    field: field.path,
    op,
    values,
  })
  const nullable = field.missing === 'null' || field.missing === 'absent' || field.path.includes('.')
  const forms: (() => ConditionPlan[])[] = [
    () => [of('gte', value())],
    () => [of('lt', value())],
    () => [of('gte', value()), of('lt', value())],
    ...(nullable ? [() => [of('is', null)], () => [of('not', null)]] : []),
    ...(isQuantity(field)
      ? []
      : [
          () => [of('is', value())],
          () => [of('not', value())],
          () => [of('in', value(), value(), ...(nullable && random.chance(0.3) ? [null] : []))],
        ]),
  ]
  return random.pick(forms)()
}

const randomPairs = (random: Random, metrics: readonly MetricPlan[]): PairPlan[] => {
  const plain = metrics.filter(
    ({ measure, zone, each }) =>
      zone === null && each === null && ['count', 'sum', 'min', 'max'].includes(measure.kind),
  )
  return Array.from({ length: Math.floor(metrics.length / 10) }, (_, place) => {
    const top = random.pick(plain)
    const kind = random.pick(['ratio', 'minus'] as const)
    const unit = (one: MetricPlan): string => unitOf(one)
    const bottoms = plain.filter(
      (one) =>
        one !== top &&
        (kind === 'ratio' || unit(one) === unit(top)) &&
        (one.per === top.per || (one.per !== 'week' && top.per !== 'week')),
    )
    return bottoms.length === 0 ? [] : [{ name: `p${place}`, kind, of: [top, random.pick(bottoms)] as const }]
  }).flat()
}

/** The unit that a metric's values are in. */
export const unitOf = ({ measure, event }: MetricPlan): string => {
  if (!('field' in measure)) return 'events'
  const field = fieldNamed(event, measure.field)
  return unitOfField(field)
}

export const unitOfField = ({ kind, scale }: FieldPlan): string => (kind === 'int' ? 'items' : `units${scale}`)
