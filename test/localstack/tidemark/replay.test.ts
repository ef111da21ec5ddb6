import { BatchStage, sequence, shardA } from './batch-stage.ts'
import { replaySchedules } from './replay-schedules.ts'

describe('counting speed rows again from the archive, on a warehouse', () => {
  replaySchedules(() => BatchStage.start())
})

describe('the speed rows themselves', () => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start()
  })
  beforeEach(() => stage.reset())
  afterAll(() => stage.stop())

  const microBatch = async (count: number, writer = stage.writer()): Promise<void> => {
    const made = Array.from({ length: count }, (_, place) => stage.produce(shardA, { shop: `shop ${place % 3}` }))
    await stage.archiveRecords(made)
    await writer.write(shardA, made)
  }
  const speedRows = () =>
    stage.local.rows(
      'SELECT metric, bucket, dim_1, dim_2, component, value, shard_id, sequence_number FROM speed.rows ORDER BY 1, 2, 3, 4, 5, 6, 7, 8',
    )

  it('stay as they are at or below the lowest mark in a slot, and where they are not archived yet', async () => {
    await microBatch(3)
    await stage.recompute()
    await microBatch(3)
    await stage.recompute()
    await microBatch(2)
    await stage.writer().write(shardA, [stage.produce(shardA), stage.produce(shardA)])
    const rows = await speedRows()
    expect(await stage.step({ step: 'replayPlan' })).toEqual({
      shards: [{ shardId: shardA, from: sequence(3), to: sequence(8) }],
    })
    await stage.local.prepare(`UPDATE speed.rows SET value = 7 WHERE sequence_number = '${sequence(6)}'`)
    await stage.replay(shardA, 100)
    expect(await speedRows()).toEqual(rows)
  })

  it('hold every register again that later ones were written without, and a writer forgets what it left out', async () => {
    const writer = stage.writer()
    for (let place = 0; place < 4; place++) await microBatch(4, writer)
    const registers = async (): Promise<number> =>
      Number((await stage.local.rows("SELECT COUNT(*) FROM speed.rows WHERE component LIKE 'r%'"))[0]?.[0])
    expect(await registers()).toBe(3)
    await stage.replay(shardA, 4)
    expect(await registers()).toBe(12)
    await microBatch(4, writer)
    expect(await registers()).toBe(15)
    expect(await stage.answered('shops')).toEqual(await stage.expected('shops'))
  })
})
