import { decimal, event, int, metric, z } from 'tidemark'
import { arrival, BatchStage, shardA, shardB } from './batch-stage.ts'

const fields = { shop: z.string().nullable(), amount: decimal(2, 'EUR') }
const accept = { late: '1d', early: '1h' } as const
const counted = <const By extends readonly string[]>(by: By) => ({ by, per: 'hour' }) as const

const before = event('sale', fields, { accept })
const definitions = { sales: metric('sales', before.count('sales'), counted(['shop'])) }

/** The same with fields added, each of which old records may lack. */
const after = event(
  'sale',
  {
    ...fields,
    channel: z.string().optional(),
    country: z.string().default('de'),
    age: int('days').nullish(),
    till: z.object({ number: z.int() }).optional(),
  },
  { accept },
)
const added = {
  sales: metric('sales', after.count('sales'), counted(['shop', 'channel', 'country', 'till.number'])),
  ages: metric('ages', after.sum('age'), { per: 'day' }),
  domestic: metric('domestic', after.count('sales'), { where: { country: 'de' }, per: 'day' }),
}

/** The same with a field added that old records lack. */
const strict = event('sale', { ...fields, channel: z.string(), note: z.string().nullable() }, { accept })
const required = { sales: metric('sales', strict.count('sales'), counted(['shop', 'channel'])) }

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const iso = (time: number): string => new Date(time).toISOString()
const newer = { channel: 'web', country: 'fr', age: 3, till: { number: 7 } }

describe.each(['warehouse', 'memory'] as const)('records that are older than the definition, in the %s', (on) => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start(on)
  })
  beforeEach(async () => {
    await stage.reset()
    await stage.deploy(definitions)
    for (const shard of [shardA, shardB]) stage.produce(shard, { shop: 'old', at: iso(arrival - hourMs) })
    await stage.settle()
  })
  afterAll(() => (on === 'warehouse' ? stage.stop() : undefined))

  const rows = async (name: string, by = '') =>
    (await stage.ask(name, { by, per: 'total' })).rows.map(({ by: dims, value }) => [...Object.values(dims), value])

  it('are read with nulls and defaults for what was added, below the mark and above', async () => {
    await stage.deploy(added)
    await stage.recompute({ full: true })
    stage.produce(shardA, { shop: 'old', at: iso(arrival - hourMs) })
    stage.produce(shardA, { shop: 'new', at: iso(arrival - hourMs), ...newer })
    await stage.settle()
    const check = async (): Promise<void> => {
      expect(await rows('sales', 'shop,channel,country,till_number')).toEqual(
        expect.arrayContaining([
          ['old', null, 'de', null, 3],
          ['new', 'web', 'fr', 7, 1],
        ]),
      )
      expect(await rows('ages')).toEqual([[3]])
      expect(await rows('domestic')).toEqual([[3]])
      expect(await rows('rejected')).toEqual([])
    }
    await check()
    expect((await stage.recompute({ full: true })).drift).toBe(0)
    await check()
  })

  it('are rejected where a field was added that they must have, with a reason that names it', async () => {
    await stage.deploy(required)
    await stage.recompute({ full: true })
    stage.produce(shardB, { shop: 'old', at: iso(arrival - hourMs) })
    await stage.settle()
    expect(await rows('sales')).toEqual([])
    expect(await rows('rejected', 'reason,event_type')).toEqual([['invalid', 'sale', 3]])
    const [old] = stage.stream.get(shardA) ?? []
    if (old === undefined) throw new Error('The stage has lost its first record.')
    expect(stage.model.decode(old).rejection?.detail).toBe(
      'channel: is missing; only a field with .optional() or .default(…) may be',
    )
    const onlyNull = { ...old, text: `${old.text?.slice(0, -1)},"channel":"web"}` }
    expect(stage.model.decode(onlyNull).rejection?.detail).toBe(
      'note: is missing; only a field with .optional() or .default(…) may be',
    )
  })

  it('are too late and too early by their own arrival alone, alike in speed and in a recompute', async () => {
    const arrivals = [arrival, arrival + 5 * dayMs, arrival + hourMs]
    for (const [place, arrived] of arrivals.entries())
      for (const off of [-dayMs - 1, -dayMs, 0, hourMs, hourMs + 1])
        stage.produce(place % 2 === 0 ? shardA : shardB, { shop: `s${place}`, at: iso(arrived + off) }, arrived)
    await stage.settle()
    const check = async (): Promise<void> => {
      expect(await rows('rejected', 'reason')).toEqual([
        ['too_early', 3],
        ['too_late', 3],
      ])
      expect(await rows('sales', 'shop')).toEqual([
        ['old', 2],
        ['s0', 3],
        ['s1', 3],
        ['s2', 3],
      ])
    }
    await check()
    for (const full of [true, false]) {
      expect((await stage.recompute({ full })).drift ?? 0).toBe(0)
      await check()
    }
  })
})
