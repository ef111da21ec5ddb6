import fc from 'fast-check'
import { decimal, event, int, metric, z } from 'tidemark'
import { answeredValue, answerOf } from '../../core/answer.ts'
import { compileDefinitions } from '../../core/compile.ts'
import type { Contribution } from '../../core/contribution.ts'
import { loadHash64 } from '../../core/hash.ts'
import { opOf } from '../../core/merge.ts'
import type { MetricData, Model } from '../../core/model.ts'
import { type Cell, fold } from '../../core/state.ts'
import { flawOf } from '../plain-measures.ts'

const sale = event('sale', { shop: z.string(), amount: decimal(2, 'EUR').nullable(), items: int('items').nullable() })
const definitions = {
  mean: metric('mean', sale.mean('items'), { per: 'day' }),
  mean_amount: metric('mean_amount', sale.mean('amount'), { per: 'day' }),
  deviation: metric('deviation', sale.stddev('items'), { per: 'day' }),
  deviation_amount: metric('deviation_amount', sale.stddev('amount'), { per: 'day' }),
  median: metric('median', sale.quantile('items', 0.5), { per: 'day' }),
  p999999: metric('p999999', sale.quantile('amount', 0.999999), { per: 'day' }),
  spread: metric('spread', sale.histogram('items', [-1, 0, 2 ** 40]), { per: 'day' }),
  spread_amount: metric('spread_amount', sale.histogram('amount', ['0.5']), { per: 'day' }),
  p1: metric('p1', sale.quantile('items', 0.01), { per: 'day' }),
}

let model: Model
beforeAll(async () => {
  model = compileDefinitions(definitions, await loadHash64())
})

const metricOf = (name: string): MetricData => {
  const found = model.data.metrics.find((one) => one.name === name)
  if (found === undefined) throw new Error(`There is no metric ${name}.`)
  return found
}
const names = Object.keys(definitions)

const contributionsOf = (name: string, values: readonly (bigint | null)[]): Contribution[] =>
  values
    .flatMap((value) =>
      model.contributions(
        {
          type: 'sale',
          id: 'x',
          eventTime: 0,
          place: '',
          rejection: null,
          row: { items: value === null ? null : Number(value), amount: value },
        },
        'speed',
      ),
    )
    .filter((one) => one.metric === name)

/** Cells as every store merges them: component by component, by its op alone. */
const merged = (cells: readonly Cell[]): Map<string, bigint> => {
  const state = new Map<string, bigint>()
  for (const { components } of cells)
    for (const [component, { op, value }] of components) {
      expect(op).toBe(opOf(component))
      const held = state.get(component)
      const next = BigInt(value)
      state.set(
        component,
        held === undefined ? next : op === 'sum' ? held + next : (op === 'min') === held < next ? held : next,
      )
    }
  return state
}
const sorted = (state: ReadonlyMap<string, bigint>) => [...state].sort(([a], [b]) => (a < b ? -1 : 1))

const value = fc.oneof(
  fc.bigInt({ min: -20n, max: 100n }),
  fc.maxSafeInteger().map(BigInt),
  fc.constantFrom(0n, 1n, -1n, BigInt(Number.MAX_SAFE_INTEGER), BigInt(Number.MIN_SAFE_INTEGER), 2n ** 27n, 2n ** 40n),
  fc.constant(null),
)
const values = fc.array(value, { maxLength: 80 })

describe('a measure', () => {
  it.each(names)('%s comes to the same however it is split, and to what its definition says', (name) => {
    const { measure } = metricOf(name)
    fc.assert(
      fc.property(values, fc.array(fc.nat(80), { maxLength: 4 }), fc.infiniteStream(fc.nat()), (all, cuts, keys) => {
        const whole = merged(fold(contributionsOf(name, all)))
        const shuffled = all
          .map((one) => [keys.next().value as number, one] as const)
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one)
        const bounds = [0, ...cuts.toSorted((a, b) => a - b), shuffled.length]
        const parts = bounds.slice(1).map((end, at) => fold(contributionsOf(name, shuffled.slice(bounds[at], end))))
        expect(sorted(merged(parts.reverse().flat()))).toEqual(sorted(whole))
        const present = all.filter((one) => one !== null)
        const { value: answer } = answerOf(measure, whole)
        if (present.length > 0) expect(flawOf(measure, present, answer)).toBeNull()
        else expect(Array.isArray(answer) ? answer.every((count) => count === 0n) : answer === null).toBe(true)
      }),
    )
  })

  const answered = (name: string, all: readonly bigint[]) => {
    const { measure } = metricOf(name)
    return answeredValue(measure, answerOf(measure, merged(fold(contributionsOf(name, all)))).value)
  }

  it('is answered with six decimals more than its field has, halves away from zero', () => {
    expect(answered('mean', [1n, 2n])).toBe('1.500000')
    expect(answered('mean', [-1n, 0n, 0n])).toBe('-0.333333')
    expect(answered('mean_amount', [1n, 0n, 0n])).toBe('0.00333333')
    expect(answered('deviation', [2n, 4n, 4n, 4n, 5n, 5n, 7n, 9n])).toBe('2.000000')
    expect(answered('deviation_amount', [100n])).toBe('0.00000000')
  })

  it('loses no difference, however large the values', () => {
    const large = 2n ** 53n - 1n
    expect(answered('deviation', [large, large - 1n])).toBe('0.500000')
    expect(answered('deviation', [large, -large])).toBe('9007199254740991.000000')
    expect(answered('mean', [large, large - 1n])).toBe('9007199254740990.500000')
  })
})

describe('the versions of metrics', () => {
  it('stand as they stood: tables are named by them', async () => {
    const kept = {
      count: metric('count_of', sale.count(), { per: 'day' }),
      sum: metric('sum_of', sale.sum('amount'), { per: 'day' }),
      distinct: metric('distinct_of', sale.countDistinct('shop'), { per: 'day' }),
    }
    const { data } = compileDefinitions(kept, await loadHash64())
    expect(Object.fromEntries(data.metrics.map(({ name, version }) => [name, version]))).toMatchInlineSnapshot(`
{
  "count_of": "0e7ea6ccd388",
  "distinct_of": "cd6427d5f459",
  "rejected": "8490872395d6",
  "sum_of": "d660ddc0cb09",
}
`)
  })
})
