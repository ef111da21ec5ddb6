import type { Model } from '../../../core/model.ts'
import { answerWindow } from '../../../lambdas/serving/windows.ts'
import { WindowWriter } from '../../../lambdas/speed/window.ts'
import { ValkeyWindowStore } from '../../../stores/window/valkey.ts'
import { duplicatesOn } from '../../lambdas/speed/duplicates.ts'
import { loadModel, noExclusions, type Order, shardId, startTime, toRecords } from '../../lambdas/speed/orders.ts'
import { countingBy } from '../../models-side-by-side.ts'
import { startValkeyServer, type ValkeyServer } from './valkey-server.ts'

const orders: Order[] = Array.from({ length: 600 }, (_, index) => ({
  second: Math.floor(index / 3),
  country: ['DE', 'FR', null][index % 3] ?? null,
  buyer: `buyer ${index % 200}`,
  cents: index,
}))

describe('windows written to Valkey', () => {
  let server: ValkeyServer
  let model: Model
  let store: ValkeyWindowStore
  beforeAll(async () => {
    model = await loadModel()
    server = await startValkeyServer()
  })
  beforeEach(async () => {
    await server.admin.flushall()
    store = new ValkeyWindowStore(server.endpoint, false)
    await store.mark()
  })
  afterEach(async () => {
    await store.close()
  })
  afterAll(async () => {
    await server.stop()
  })

  const writer = () =>
    new WindowWriter({
      ...countingBy(model),
      store,
      exclusions: noExclusions,
      duplicates: duplicatesOn(),
      newEpoch: () => 'epoch',
    })
  const ask = (metric: string) =>
    answerWindow({ model: model.data, store, metric, lastMs: 60_000, asOf: 'latest', now: startTime })

  it('count each record once, though several writers race with batches of other bounds', async () => {
    const records = toRecords(orders)
    for (let from = 0; from < records.length; from += 100) {
      const batches = [
        records.slice(from, from + 100),
        records.slice(from, from + 60),
        records.slice(Math.max(0, from - 40), from + 100),
      ]
      await Promise.all(batches.map((batch) => writer().write(shardId, batch)))
    }
    const last = orders.filter(({ second }) => second > 199 - 60)
    expect(await ask('orders')).toMatchObject({ rows: [{ value: 180 }], receipt: { refilling: false } })
    const cents = last.reduce((sum, order) => sum + order.cents, 0)
    expect((await ask('revenue')).rows).toMatchObject([{ value: (cents / 100).toFixed(2) }])
    const [buyers] = (await ask('buyers')).rows
    expect(Math.abs(Number(buyers?.value) - 180)).toBeLessThan(6)
  })

  it('say that they are refilling where Valkey was emptied and no record came since', async () => {
    await writer().write(shardId, toRecords(orders.slice(0, 30)))
    await server.admin.flushall()
    expect(await ask('orders')).toMatchObject({ rows: [{ value: 0 }], receipt: { refilling: true, positions: {} } })
  })

  it('are told of a shard whose name was lost, from its warm writer’s next commit on', async () => {
    const warm = writer()
    const records = toRecords(orders.slice(0, 30))
    await warm.write(shardId, records.slice(0, 20))
    await server.admin.srem('tidemark:shards', shardId)
    expect(await store.shards()).toEqual([])
    expect(await warm.write(shardId, records.slice(20))).toMatchObject({ conflicts: 0 })
    expect(await store.shards()).toEqual([shardId])
    expect(await ask('orders')).toMatchObject({ rows: [{ value: 30 }], receipt: { refilling: false } })
  })

  it('begin anew where an older copy of the shard stands in Valkey, though it was not emptied', async () => {
    const warm = writer()
    const records = toRecords(orders.slice(0, 30))
    await warm.write(shardId, records.slice(0, 10))
    const keys = await server.admin.keys(`{${shardId}}:*`)
    const copy = await Promise.all(keys.map((key) => server.admin.dumpBuffer(key)))
    await warm.write(shardId, records.slice(10, 20))
    await server.admin.del(await server.admin.keys(`{${shardId}}:*`))
    for (const [at, key] of keys.entries()) await server.admin.restore(key, 0, copy[at] ?? '')
    expect(await warm.write(shardId, records.slice(20))).toMatchObject({ committed: 10, conflicts: 1 })
    expect(await ask('orders')).toMatchObject({ rows: [{ value: 20 }], receipt: { refilling: true } })
  })

  it('begin anew where Valkey is emptied under a warm writer', async () => {
    const warm = writer()
    const records = toRecords(orders.slice(0, 30))
    await warm.write(shardId, records.slice(0, 20))
    await server.admin.flushall()
    const outcome = await warm.write(shardId, records.slice(15))
    expect(outcome).toMatchObject({ committed: 15, repeated: 0, conflicts: 1 })
    expect(await ask('orders')).toMatchObject({ rows: [{ value: 15 }], receipt: { refilling: true } })
  })
})
