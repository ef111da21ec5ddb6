import { ValkeyWindowStore } from '../../../stores/window/valkey.ts'
import { position, windowStoreContract } from '../../stores/window/contract.ts'
import { cutWindowsContract } from '../../stores/window/cut-contract.ts'
import { overFaultyWay } from './faulty-way.ts'
import { startValkeyServer, type ValkeyServer } from './valkey-server.ts'

describe('the windows in Valkey', () => {
  let server: ValkeyServer
  beforeAll(async () => {
    server = await startValkeyServer()
  })
  afterAll(async () => {
    await server.stop()
  })

  windowStoreContract(
    async (now) => {
      await server.admin.flushall()
      return new ValkeyWindowStore(server.endpoint, false, now)
    },
    async () => {
      await server.admin.flushall()
    },
  )

  it('keeps a shard in one hash slot, under the names that the documentation gives', async () => {
    await server.admin.flushall()
    const store = new ValkeyWindowStore(server.endpoint, false)
    await store.open('shardId-7')
    const writes = [{ name: 'orders:0123456789ab:0', value: '1', goneAt: 5, ttlMs: 60_000 }]
    await store.commit({ shardId: 'shardId-7', expected: null, next: position(1), writes, deletes: [] })
    await store.emptiedBefore()
    await store.mark()
    expect((await server.admin.keys('*')).sort()).toEqual([
      'tidemark:incarnation',
      'tidemark:shards',
      '{shardId-7}:chunks',
      '{shardId-7}:position',
      '{shardId-7}:w:orders:0123456789ab:0',
      '{tidemark:incarnation}:emptied',
    ])
    expect(await server.admin.pttl('{shardId-7}:w:orders:0123456789ab:0')).toBeGreaterThan(50_000)
    expect(await server.admin.pttl('{shardId-7}:position')).toBe(-1)
    await store.close()
  })

  it('reads a position that was stored before positions had a horizon', async () => {
    await server.admin.flushall()
    const store = new ValkeyWindowStore(server.endpoint, false)
    await store.commit({ shardId: 'shardId-7', expected: null, next: position(1), writes: [], deletes: [] })
    await server.admin.hdel('{shardId-7}:position', 'horizon')
    expect((await store.open('shardId-7')).position).toEqual({ ...position(1), horizon: null })
    await store.close()
  })

  it('says so in time where no cache answers', async () => {
    const store = new ValkeyWindowStore('127.0.0.1:1', false)
    await expect(store.shards()).rejects.toThrow('The cache at 127.0.0.1:1 did not answer within 5000 ms')
    await store.close()
  })

  it('refuses an endpoint that is none', () => {
    expect(() => new ValkeyWindowStore('cache', false)).toThrow('host:port')
  })
})

describe('the windows in Valkey, over connections that are cut', () => {
  const cut = overFaultyWay()

  cutWindowsContract(async () => {
    await cut.server.admin.flushall()
    const another = async () => new ValkeyWindowStore(cut.way.endpoint, false)
    return { store: await another(), fates: cut.way.fates, another }
  })
})
