import { decimal, event, metric, z } from 'tidemark'
import { BatchStage, shardA, shardB } from './batch-stage.ts'

const sale = event(
  'sale',
  {
    shop: z.string().nullable(),
    amount: decimal(2, 'EUR'),
    device: z.object({ os: z.string(), model: z.object({ year: z.int() }).optional() }).nullish(),
  },
  {
    derive: {
      band: (e) => (e.amount > 1000n ? 'large' : e.amount > 0n ? 'small' : null),
      phone: { boolean: (e) => (e.device?.os ?? '') === 'ios' },
      decade: { integer: (e) => (e.device?.model === undefined ? null : Math.floor(e.device.model.year / 10) * 10) },
    },
  },
)
const definitions = {
  sale,
  sales: metric('sales', sale.count('sales'), {
    by: ['device.os', 'device.model.year', 'band', 'phone', 'decade'],
    per: 'hour',
  }),
  turnover: metric('turnover', sale.sum('amount'), { where: { phone: true, 'device.os': 'ios' }, per: 'day' }),
  kinds: metric('kinds', sale.countDistinct('band', 'device.os'), { by: ['phone'], per: 'day' }),
}
const ios = { os: 'ios', model: { year: 2019 } }

describe.each(['warehouse', 'memory'] as const)('nested and derived dimensions in the %s', (on) => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start(on)
    await stage.deploy(definitions, { sale: 'c0de' })
    stage.produce(shardA, { amount: '20.00', device: ios })
    stage.produce(shardB, { amount: '1.00', device: null })
    await stage.settle()
    await stage.recompute({ full: true })
    stage.produce(shardA, { amount: '30.00', device: ios })
    stage.produce(shardB, { amount: '0.00', device: { os: "o's\\" } })
    stage.produce(shardB, { amount: '0.00', device: { os: 5 } })
    await stage.settle()
  })
  afterAll(() => (on === 'warehouse' ? stage.stop() : undefined))

  it('are asked by their columns, typed, over both layers', async () => {
    const { rows } = await stage.ask('sales', { by: 'device_os,device_model_year,band,phone,decade' })
    expect(rows.map(({ by, value }) => [...Object.values(by), value])).toEqual(
      expect.arrayContaining([
        ['ios', 2019, 'large', true, 2010, 2],
        [null, null, 'small', false, null, 1],
        ["o's\\", null, null, false, null, 1],
      ]),
    )
    expect(rows).toHaveLength(3)
    const some = await stage.ask('sales', { by: 'band', where: 'device_os=ios' })
    expect(some.rows.map(({ by, value }) => [by.band, value])).toEqual([['large', 2]])
    const decades = await stage.ask('sales', { by: 'decade', where: 'decade=2010' })
    expect(decades.rows.map(({ value }) => value)).toEqual([2])
    await expect(async () => stage.ask('sales', { by: 'device.os' })).rejects.toMatchObject({
      code: 'unknown_dimension',
    })
  })

  it('are conditions and distinct values', async () => {
    expect((await stage.ask('turnover', {})).rows.map(({ value }) => value)).toEqual(['50.00'])
    const { rows } = await stage.ask('kinds', { by: 'phone' })
    expect(rows.map(({ by, value }) => [by.phone, value])).toEqual([[true, 1]])
    expect(
      (await stage.ask('rejected', { by: 'event_type' })).rows.map(({ by, value }) => [by.event_type, value]),
    ).toEqual([['sale', 1]])
  })

  it('differ nowhere after a recompute of all', async () => {
    const before = await stage.answered('sales')
    expect((await stage.recompute({ full: true })).drift).toBe(0)
    expect(await stage.answered('sales')).toEqual(before)
  })
})
