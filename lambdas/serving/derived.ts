import { derived, derivedScale } from '../../core/derived.ts'
import type { DerivedData, MetricData, ModelData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { answeredQuantity } from '../../core/quantity-text.ts'
import type { PairCell, States } from '../../stores/states/states.ts'
import { answeredBucket, findMetric, type MetricAnswer, pagedAnswer } from './metrics.ts'
import { type Question, readQuestion } from './question.ts'
import type { Row } from './window-rows.ts'
import { answerWindow, type WindowAnswer, type WindowQuestion, type WindowReceipt } from './windows.ts'

/** null: that name is no derived metric's. */
export const findDerived = (model: ModelData, name: string): DerivedData | null =>
  model.derived?.find((one) => one.name === name) ?? null

const operandsOf = (model: ModelData, { of }: DerivedData): readonly [MetricData, MetricData] => [
  findMetric(model, of[0]),
  findMetric(model, of[1]),
]

const answeredDerived = (
  kind: DerivedData['kind'],
  [left, right]: readonly [MetricData, MetricData],
  a: bigint | null,
  b: bigint | null,
): number | string | null => {
  const [ofLeft, ofRight] = [left.measure, right.measure]
  const value = derived(kind, { measure: ofLeft, value: a }, { measure: ofRight, value: b })
  return value === null ? null : answeredQuantity(value, derivedScale(kind, ofLeft, ofRight))
}

/** A derived metric's answer: both metrics of one snapshot, each merged first. @throws Problem as `answerMetric` */
export const answerDerived = async (
  model: ModelData,
  states: Pick<States, 'readBoth'>,
  metric: DerivedData,
  query: URLSearchParams,
): Promise<MetricAnswer> => {
  const question: Question<DerivedData> = readQuestion(metric, query, model)
  if (question.top !== null)
    throw new Problem(
      'no_order',
      400,
      `${metric.name} is derived: ask for all its rows, or for the top of one of ${metric.of.join(' and ')}.`,
    )
  const operands = operandsOf(model, metric)
  return pagedAnswer(model, { ...metric, measure: null }, question, {
    read: (asked) => states.readBoth(...operands, asked),
    row: ({ bucket, dims, left, right, exact }: PairCell) => ({
      bucket: answeredBucket(question, bucket),
      by: Object.fromEntries(question.by.map((name, place) => [name, dims[place] ?? null])),
      value: answeredDerived(metric.kind, operands, left, right),
      exact,
    }),
  })
}

const attempts = 5

/**
 * A derived metric's window: both metrics' windows of one span, asked again where a micro-batch came between the two.
 * @throws Problem no_window, windows_moving, and as `answerWindow`
 */
export const answerDerivedWindow = async (metric: DerivedData, question: WindowQuestion): Promise<WindowAnswer> => {
  if (metric.liveMs === null)
    throw new Problem(
      'no_window',
      400,
      `Metric ${metric.name} keeps no sliding window: ${metric.of.join(' and ')} have none of the same resolution.`,
    )
  const unknown = [...(question.by ?? []), ...Object.keys(question.where ?? {})].find(
    (name) => !metric.by.some((dimension) => dimension.name === name),
  )
  if (unknown !== undefined)
    throw new Problem('unknown_dimension', 400, `Metric ${metric.name} has no dimension ${unknown}.`, {
      dimensions: metric.by.map(({ name }) => name),
    })
  const operands = operandsOf(question.model, metric)
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const left = await answerWindow({ ...question, metric: operands[0].name })
    const right = await answerWindow({ ...question, metric: operands[1].name, asOf: left.receipt.to })
    if (JSON.stringify(left.receipt.positions) !== JSON.stringify(right.receipt.positions)) continue
    return {
      metric: metric.name,
      unit: metric.unit,
      rows: pairedRows(left.rows, right.rows).map(([by, a, b]) => ({
        by,
        value: answeredDerived(metric.kind, operands, unscaled(a), unscaled(b)),
        exact: (a?.exact ?? true) && (b?.exact ?? true),
      })),
      receipt: { ...left.receipt, ...refillingOf(left.receipt, right.receipt) },
    }
  }
  throw new Problem('windows_moving', 503, `The windows of ${metric.name} moved between its two metrics; ask again.`)
}

/** An answer's decimals are its measure's, all of them: without the point, they are the merged integer. */
const unscaled = (row: Row | undefined): bigint | null =>
  row === undefined || row.value === null ? null : BigInt(String(row.value).replace('.', ''))

/** As the one that lacks more. */
const refillingOf = (a: WindowReceipt, b: WindowReceipt): Pick<WindowReceipt, 'refilling' | 'refillingSince'> => {
  const unfilled = [a, b].filter(({ refilling }) => refilling).map(({ refillingSince }) => refillingSince)
  const known = unfilled.filter((since) => since !== null)
  const isKnown = known.length > 0 && known.length === unfilled.length
  return { refilling: unfilled.length > 0, refillingSince: isKnown ? Math.max(...known) : null }
}

type Pair = readonly [by: Row['by'], left: Row | undefined, right: Row | undefined]

/** By the dimensions' values; those of the left first, in its order. */
const pairedRows = (left: readonly Row[], right: readonly Row[]): Pair[] => {
  const keyOf = ({ by }: Row): string => JSON.stringify(Object.values(by))
  const rights = new Map(right.map((row) => [keyOf(row), row]))
  const lefts = new Set(left.map(keyOf))
  return [
    ...left.map((row): Pair => [row.by, row, rights.get(keyOf(row))]),
    ...right.filter((row) => !lefts.has(keyOf(row))).map((row): Pair => [row.by, undefined, row]),
  ]
}
