import { loadHash64 } from '../../../core/hash.ts'
import { estimateRegisters, registerOf } from '../../../core/hyperloglog.ts'
import { findMetric } from '../../../lambdas/serving/metrics.ts'
import { BatchStage, sequence, shardA } from './batch-stage.ts'

const cardinalities = [1, 7, 100, 2500, 20_000, 300_000]
const rowsAtOnce = 1000

describe('the estimate in SQL', () => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start()
  })
  afterAll(() => stage.stop())

  it('is what core says, from one value to more than there are registers', async () => {
    const hash = await loadHash64()
    const { version } = findMetric(stage.model.data, 'shops')
    const expected: number[] = []
    for (const [day, count] of cardinalities.entries()) {
      const ranks = new Map<number, number>()
      for (let value = 0; value < count; value++) {
        const { index, rank } = registerOf(hash(`shop ${value}`))
        ranks.set(index, Math.max(rank, ranks.get(index) ?? 0))
      }
      expected.push(estimateRegisters(ranks.values()))
      const rows = [...ranks].map(
        ([index, rank]) =>
          `('shops', '${version}', '2026-01-0${day + 1}', 'true', 'r${index}', ${rank}, '${shardA}', '${sequence(1)}')`,
      )
      const into = 'speed.rows (metric, metric_version, bucket, dim_1, component, value, shard_id, sequence_number)'
      for (let at = 0; at < rows.length; at += rowsAtOnce)
        await stage.local.prepare(`INSERT INTO ${into} VALUES ${rows.slice(at, at + rowsAtOnce).join(', ')}`)
    }
    const { rows } = await stage.ask('shops', {})
    expect(rows.map(({ value }) => value)).toEqual(expected)
    expect(rows.every(({ exact }) => !exact)).toBe(true)
    const [total] = (await stage.ask('shops', { per: 'total', by: 'express' })).rows
    expect(total).toEqual({ bucket: null, by: { express: true }, value: expected.at(-1), exact: false })
  })
})
