import { gzipSync } from 'node:zlib'
import { decimal, event, int, metric, z } from 'tidemark'
import { expandAggregates } from '../../../core/aggregate.ts'
import type { ReceivedRecord } from '../../../core/kinesis-record.ts'
import { encodeRawLine, rawObjectKey } from '../../../core/raw-archive.ts'
import { aggregateOf } from '../../aggregates.ts'
import { arrival, type BatchStage, sequence, shardA } from './batch-stage.ts'

/** Sales that may cost a tenth of a cent; and refunds, which no definition knew. */
const sale = event('sale', {
  shop: z.string().nullable(),
  express: z.boolean(),
  amount: decimal(3, 'EUR'),
  items: int('items').nullable(),
})
const refund = event('refund', { amount: decimal(3, 'EUR') })
const mended = {
  sales: metric('sales', sale.count('sales'), { by: ['shop', 'express'], per: 'hour' }),
  turnover: metric('turnover', sale.sum('amount'), { by: ['shop'], per: 'day' }),
  smallest: metric('smallest', sale.min('items'), { by: ['express'], per: 'day' }),
  largest: metric('largest', sale.max('amount'), { per: 'day' }),
  shops: metric('shops', sale.countDistinct('shop'), { by: ['express'], per: 'day' }),
  refunds: metric('refunds', refund.sum('amount'), { per: 'day' }),
}

const at = '2026-01-02T10:00:00Z'
const saleText = (id: string, amount: string): string =>
  JSON.stringify({ type: 'sale', id, at, shop: 'mitte', express: true, amount, items: 2 })
const refundText = (id: string): string => JSON.stringify({ type: 'refund', id, at, amount: '0.125' })

/** What was rejected under one definition is taken in after it was mended, from the archive; nothing is lost or twice. */
export const mendedDefinitionLaw = (start: () => Promise<BatchStage>): void => {
  let stage: BatchStage
  let written = 0
  beforeAll(async () => {
    stage = await start()
    await stage.reset()
    stage.shards.push({ shardId: shardA, parentShardIds: [] })
  })
  afterAll(() => stage.stop())

  /** Brings records to the archive and the speed table, as the functions do. */
  const deliver = async (...datas: (string | Buffer)[]): Promise<void> => {
    const records = datas.map((data): ReceivedRecord => {
      written += 1
      const place = { shardId: shardA, sequenceNumber: sequence(written), arrivalTime: arrival, partitionKey: 'k' }
      const isText = typeof data === 'string'
      return { ...place, text: isText ? data : null, bytes: Buffer.from(data) }
    })
    const lines = records.map(encodeRawLine).join('\n')
    const key = rawObjectKey(shardA, sequence(written - records.length + 1), sequence(written))
    await stage.archive.putObject(key, gzipSync(`${lines}\n`))
    await stage.writer().write(shardA, expandAggregates(records))
  }
  const rejected = async (): Promise<Record<string, number>> => {
    const { rows } = await stage.ask('rejected', { by: 'reason,event_type', per: 'total' })
    return Object.fromEntries(rows.map(({ by, value }) => [`${by.reason} ${by.event_type}`, Number(value)]))
  }
  const total = async (name: string): Promise<string> => {
    const { rows } = await stage.ask(name, { per: 'total' })
    return rows.map(({ value }) => String(value)).join(' ') || 'none'
  }

  it('rejects by speed and batch alike, also inside an aggregate', async () => {
    const aggregate = aggregateOf([saleText('d', '4.00'), saleText('e', '0.005'), refundText('f'), '{'])
    await deliver(
      saleText('a', '1.50'),
      saleText('b', '0.125'),
      refundText('c'),
      'junk',
      aggregate,
      Buffer.from([0xff]),
    )
    const bySpeed = await rejected()
    expect(bySpeed).toEqual({ 'invalid sale': 2, 'unknown_type null': 2, 'not_json null': 2, 'not_utf8 null': 1 })
    expect([await total('sales'), await total('turnover')]).toEqual(['2', '5.50'])
    await stage.recompute()
    expect(await rejected()).toEqual(bySpeed)
    expect([await total('sales'), await total('turnover')]).toEqual(['2', '5.50'])
  })

  it('goes on rejecting nothing that the mended definitions take, and answers once they are recomputed', async () => {
    await stage.deploy(mended)
    await deliver(saleText('g', '0.001'), refundText('h'))
    await expect(total('turnover')).rejects.toMatchObject({ code: 'definition_changed' })
    await stage.recompute({ full: true })
    expect([await total('sales'), await total('turnover'), await total('refunds')]).toEqual(['5', '5.631', '0.375'])
    expect(await rejected()).toEqual({ 'not_json null': 2, 'not_utf8 null': 1 })
  })

  it('takes what comes from then on by speed, and keeps it in the next recompute', async () => {
    await deliver(saleText('i', '0.002'), saleText('i', '0.002'), refundText('j'), saleText('k', '0.0001'))
    await stage.recompute()
    expect([await total('sales'), await total('turnover'), await total('refunds')]).toEqual(['6', '5.633', '0.500'])
    await deliver(saleText('l', '1.000'))
    expect([await total('sales'), await total('turnover')]).toEqual(['7', '6.633'])
    expect(await rejected()).toEqual({ 'invalid sale': 1, 'not_json null': 2, 'not_utf8 null': 1 })
  })
}
