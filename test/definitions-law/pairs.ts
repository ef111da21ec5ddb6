import { buckets } from '../../core/bucket.ts'
import { sorted } from './answers.ts'
import { fieldNamed, type MetricPlan, type PairPlan } from './plan.ts'
import { type Counted, cellKey, type RecountedCell, recount } from './recount.ts'

interface PairRow {
  readonly bucket: string | null
  readonly by: Readonly<Record<string, unknown>>
  readonly value: unknown
}

/** Whether a ratio or difference is what the two metrics' plain recounts make. Neither metric is in a zone. */
export const pairFlaw = (
  { kind, of: [left, right] }: PairPlan,
  counted: readonly Counted[],
  rows: readonly PairRow[],
): { readonly cell: string; readonly flaw: string } | null => {
  // Two events may have fields of one name and of two types: those are two dimensions.
  // So are those of which not the same values are kept.
  const by = left.by.filter(
    (path) =>
      right.by.includes(path) &&
      typeOf(left, path) === typeOf(right, path) &&
      keptText(left, path) === keptText(right, path),
  )
  const per = buckets[Math.max(buckets.indexOf(left.per), buckets.indexOf(right.per))] ?? left.per
  const [tops, bottoms] = [recount(left, counted, { per, by }), recount(right, counted, { per, by })]
  const given = new Map(
    rows.map((row) => {
      const dims = by.map((path) => row.by[path.replaceAll('.', '_')]).map((dim) => (dim === null ? null : String(dim)))
      return [cellKey(Date.parse(String(row.bucket)), dims), row.value]
    }),
  )
  const keys = new Set([...tops.keys(), ...bottoms.keys()])
  for (const key of given.keys()) if (!keys.has(key)) return { cell: key, flaw: 'there is no such cell' }
  for (const cell of keys) {
    if (!given.has(cell)) return { cell, flaw: 'the cell is missing' }
    const [top, bottom] = [operand(left, tops.get(cell)), operand(right, bottoms.get(cell))]
    const value = given.get(cell) ?? null
    if (!isRight(kind, top, bottom, value))
      return { cell, flaw: `${String(value)}, of ${told(top)} and ${told(bottom)}` }
  }
  return null
}

const typeOf = ({ event }: MetricPlan, path: string): 'text' | 'boolean' | 'whole' => {
  const derived = event.derived.find(({ name }) => name === path)
  if (derived !== undefined) return derived.makes === 'hour' ? 'whole' : 'boolean'
  const { kind } = fieldNamed(event, path)
  return kind === 'boolean' ? 'boolean' : kind === 'whole' ? 'whole' : 'text'
}

const keptText = ({ keep }: MetricPlan, path: string): string => {
  const kept = keep.get(path)
  return kept === undefined ? 'all' : JSON.stringify([kept.other, ...[...kept.values].sort()])
}

/** A quotient of whole numbers. */
interface Exact {
  readonly value: bigint
  readonly scale: number
}

const told = (operand: Exact | null): string => (operand === null ? 'nothing' : `${operand.value} e-${operand.scale}`)

/** Of nothing a count or sum is 0, a least or greatest is none. */
const operand = ({ measure, event }: MetricPlan, cell: RecountedCell | undefined): Exact | null => {
  const values = sorted(cell?.values ?? [])
  if (measure.kind === 'count') return { value: BigInt(values.length), scale: 0 }
  if (!('field' in measure)) throw new Error(`Nothing is derived of ${measure.kind}.`)
  const { scale } = fieldNamed(event, measure.field)
  if (measure.kind === 'sum') return { value: values.reduce((sum, value) => sum + value, 0n), scale }
  const value = measure.kind === 'min' ? values[0] : values.at(-1)
  return value === undefined ? null : { value, scale }
}

const isRight = (kind: PairPlan['kind'], top: Exact | null, bottom: Exact | null, given: unknown): boolean => {
  if (top === null || bottom === null || (kind === 'ratio' && bottom.value === 0n)) return given === null
  if (typeof given !== 'number' && typeof given !== 'string') return false
  const [whole = '', fraction = ''] = String(given).split('.')
  const answer = { value: BigInt(whole + fraction), scale: fraction.length }
  const common = 10
  const raised = ({ value, scale }: Exact): bigint => value * 10n ** BigInt(common - scale)
  if (kind === 'minus') return raised(answer) === raised(top) - raised(bottom)
  // Nearer than half a millionth, or just that far: |answer - top / bottom| <= 1 / 2,000,000.
  const [a, t, b] = [answer, top, bottom].map(raised) as [bigint, bigint, bigint]
  const off = a * b - t * 10n ** BigInt(common)
  const most = b * 10n ** BigInt(common)
  return 2_000_000n * magnitude(off) <= magnitude(most)
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value)
