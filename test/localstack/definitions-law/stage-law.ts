import { buckets, divides } from '../../../core/bucket.ts'
import { answerDerived } from '../../../lambdas/serving/derived.ts'
import type { AnswerRow } from '../../../lambdas/serving/metrics.ts'
import { answerFlaw, type Given } from '../../definitions-law/answers.ts'
import type { Flaw } from '../../definitions-law/core-law.ts'
import type { Drawn } from '../../definitions-law/drawn.ts'
import { pairFlaw } from '../../definitions-law/pairs.ts'
import { fieldNamed, type MetricPlan } from '../../definitions-law/plan.ts'
import type { Story } from '../../definitions-law/random-events.ts'
import { type Asked, type Counted, cellKey, countedOf, recount } from '../../definitions-law/recount.ts'
import { type Random, randomOf } from '../../fuzz/random.ts'
import type { BatchStage } from '../tidemark/batch-stage.ts'

/** Called with who answered and how many cells of it were compared. */
export type OnCells = (by: string, metric: MetricPlan, cells: number) => void

/** Brings the records at or below the marks to batch, and those above to the speed table, by several micro-batches each. */
export const tell = async (stage: BatchStage, { draw, story }: Drawn): Promise<void> => {
  const random = randomOf(draw.seed)
  await add(stage, random, story, (place, mark) => place < mark)
  await stage.recompute({ full: true })
  await add(stage, random, story, (place, mark) => place >= mark)
}

const add = async (
  stage: BatchStage,
  random: Random,
  story: Story,
  isWanted: (place: number, mark: number) => boolean,
): Promise<void> => {
  for (const [shardId, line] of story.lines) {
    const mark = story.below.get(shardId) ?? 0
    const records = line.filter((_, place) => isWanted(place, mark)).map(({ record }) => record)
    if (records.length === 0) continue
    if (!stage.shards.some((shard) => shard.shardId === shardId)) stage.shards.push({ shardId, parentShardIds: [] })
    stage.stream.set(shardId, [...(stage.stream.get(shardId) ?? []), ...records])
    stage.now = Math.max(stage.now, ...records.map(({ arrivalTime }) => arrivalTime))
    await stage.archiveRecords(records)
    const cut = random.below(records.length)
    for (const part of [records.slice(0, cut), records.slice(cut)])
      if (part.length > 0) await stage.writer().write(shardId, part)
  }
}

/** The story once all of it lies at or below the marks. */
export const settled = (story: Story): Story => ({
  ...story,
  below: new Map([...story.lines].map(([shardId, line]) => [shardId, line.length])),
})

/** What the API and the views answer otherwise than the recount does. @param most looks no further once it has so many */
export const stageFlaws = async (
  stage: BatchStage,
  { plan, draw }: Drawn,
  story: Story,
  onCells: OnCells = () => undefined,
  most = Number.POSITIVE_INFINITY,
): Promise<Flaw[]> => {
  const counted = countedOf(story)
  const random = randomOf(draw.seed)
  const flaws: Flaw[] = []
  for (const metric of plan.metrics) {
    const flaw =
      (await apiFlaw(stage, metric, counted, metric, onCells)) ??
      (await apiFlaw(stage, metric, counted, coarserOf(random, metric), onCells)) ??
      (await viewFlaw(stage, metric, counted, onCells))
    if (flaw !== null) flaws.push({ metric, ...flaw })
    if (flaws.length >= most) return flaws
  }
  for (const pair of plan.pairs) {
    const found = stage.model.data.derived?.find(({ name }) => name === pair.name)
    if (found === undefined) throw new Error(`The model has no ${pair.name}.`)
    const by = found.by.map(({ name }) => name).join()
    const query = new URLSearchParams({ limit: '10000', ...(by === '' ? {} : { by }) })
    const { rows } = await answerDerived(stage.model.data, stage.states, found, query)
    const flaw = pairFlaw(pair, counted, rows)
    onCells('API', pair.of[0], rows.length)
    if (flaw !== null) flaws.push({ metric: pair.of[0], cell: `${pair.name} ${flaw.cell}`, flaw: flaw.flaw })
  }
  return flaws
}

type Found = Omit<Flaw, 'metric'> | null

const apiFlaw = async (
  stage: BatchStage,
  metric: MetricPlan,
  counted: readonly Counted[],
  asked: Asked,
  onCells: OnCells,
): Promise<Found> => {
  const by = asked.by.map(columnOf).join()
  const { rows } = await stage.ask(metric.name, {
    per: asked.per ?? 'total',
    limit: '10000',
    ...(by === '' ? {} : { by }),
  })
  const wanted = recount(metric, counted, asked)
  onCells('API', metric, wanted.size)
  const given = new Map(rows.map((row) => givenOf(metric, asked, row)))
  const isOwn = asked.per === metric.per && asked.by.length === metric.by.length
  const flaw = answerFlaw(metric, wanted, given, isOwn)
  return flaw === null ? null : { cell: flaw.cell, flaw: `by the API ${flaw.flaw}`, asked }
}

/** A bucket that the metric's own divides, or all as one, by some of its dimensions. */
const coarserOf = (random: Random, { per, by }: MetricPlan): Asked => ({
  per: random.chance(0.2) ? null : random.pick(buckets.filter((bucket) => divides(per, bucket))),
  by: by.filter(() => random.chance(0.4)),
})

const columnOf = (path: string): string => path.replaceAll('.', '_')

const givenOf = (metric: MetricPlan, asked: Asked, { bucket, by, value, exact }: AnswerRow): [string, Given] => {
  const dims = asked.by.map((path) => textOf(by[columnOf(path)]))
  const key = cellKey(bucket === null ? null : Date.parse(bucket), dims)
  const scale = answeredScale(metric)
  const scaled = Array.isArray(value) ? value.map((one) => digitsOf(one, 0)) : digitsOf(value, scale)
  return [key, { value: scaled, exact }]
}

const textOf = (value: unknown): string | null => (value === null || value === undefined ? null : String(value))

const answeredScale = ({ measure, event }: MetricPlan): number => {
  if (!('field' in measure) || measure.kind === 'histogram') return 0
  const { scale } = fieldNamed(event, measure.field)
  return scale + (['mean', 'stddev', 'quantile'].includes(measure.kind) ? 6 : 0)
}

/** The digits of a number's text as one integer. */
const digitsOf = (value: unknown, scale: number): bigint => {
  const [whole = '', fraction = ''] = String(value).split('.')
  if (fraction.length > scale) throw new Error(`${String(value)} has more than ${scale} decimals.`)
  return BigInt(whole + fraction.padEnd(scale, '0'))
}

const isOfDoubles = ({ measure }: MetricPlan): boolean => ['mean', 'stddev', 'quantile'].includes(measure.kind)

/** A view's doubles are made into what they are nearest to, within what the recount allows them. */
const viewFlaw = async (
  stage: BatchStage,
  metric: MetricPlan,
  counted: readonly Counted[],
  onCells: OnCells,
): Promise<Found> => {
  const columns = ['bucket', ...metric.by.map((path) => `"${columnOf(path).toLowerCase()}"`)]
  const isDistinct = metric.measure.kind === 'countDistinct'
  // As text: this client reads a number as a double.
  const rows = await stage.local.rows(
    `SELECT ${[...columns, 'CAST(value AS VARCHAR(2000))', ...(isDistinct ? ['exact'] : [])].join(', ')} FROM analytics.${metric.name}`,
  )
  const wanted = recount(metric, counted)
  onCells('views', metric, wanted.size)
  const given = new Map<string, Given>()
  const asDouble = new Map<string, number>()
  for (const [bucket, ...rest] of rows) {
    const dims = rest.slice(0, metric.by.length).map(textOf)
    const [value, exact = true] = rest.slice(metric.by.length)
    const key = cellKey(Date.parse(`${bucket}Z`), dims)
    asDouble.set(key, Number(value))
    given.set(key, { value: viewValue(metric, value), exact: exact === true })
  }
  if (!isOfDoubles(metric)) {
    const flaw = answerFlaw(metric, wanted, given, true)
    return flaw === null ? null : { cell: flaw.cell, flaw: `in the view ${flaw.flaw}`, asked: metric }
  }
  const by = metric.by.map(columnOf).join()
  const lastDecimal = 10 ** -answeredScale(metric)
  const answered = await stage.ask(metric.name, { limit: '10000', ...(by === '' ? {} : { by }) })
  if (answered.rows.length !== rows.length) return { cell: '', flaw: `the view has ${rows.length} rows` }
  for (const row of answered.rows) {
    const [key] = givenOf(metric, metric, row)
    const double = asDouble.get(key) ?? Number.NaN
    const off = Math.abs(double - Number(row.value))
    // The API rounds to its last decimal, which says more than a double of a large value, and less of a small one.
    if (!(off <= 0.501 * lastDecimal + 1e-12 * Math.abs(double)))
      return { cell: key, flaw: `in the view ${double} where the API says ${String(row.value)}`, asked: metric }
  }
  return null
}

const viewValue = (metric: MetricPlan, value: unknown): Given['value'] => {
  if (isOfDoubles(metric)) return null
  if (metric.measure.kind === 'histogram') return (JSON.parse(String(value)) as number[]).map(BigInt)
  return digitsOf(value, answeredScale(metric))
}
