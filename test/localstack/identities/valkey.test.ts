import { ValkeyIdentities } from '../../../stores/identities/valkey.ts'
import { claim, identitiesContract, windowMs } from '../../stores/identities/contract.ts'
import { cutIdentitiesContract } from '../../stores/identities/cut-contract.ts'
import { overFaultyWay } from '../window/faulty-way.ts'
import { startValkeyServer, type ValkeyServer } from '../window/valkey-server.ts'

describe('identities in Valkey', () => {
  let server: ValkeyServer
  beforeAll(async () => {
    server = await startValkeyServer()
  })
  afterAll(async () => {
    await server.stop()
  })

  const connect = (endpoint = server.endpoint) =>
    new ValkeyIdentities({ endpoint, tls: false, windowMs, answerWithinMs: 2000 })

  const flush = async (): Promise<void> => {
    await server.admin.flushall()
  }
  identitiesContract(async () => {
    await flush()
    return connect()
  }, flush)

  it('lie in one hash slot a shard, a hash a span, gone an hour and the window after the last question', async () => {
    await server.admin.flushall()
    const identities = connect()
    await identities.claim('shardId-7', [], [claim(1, 0), claim(2, 1), claim(3, 25)])
    const keys = (await server.admin.keys('*')).sort()
    expect(keys).toEqual(['{shardId-7}:firsts:600000:2953944', '{shardId-7}:firsts:600000:2953946'])
    for (const key of keys) expect(await server.admin.pttl(key)).toBeGreaterThan(4_190_000)
    await server.admin.pexpire(keys[0] ?? '', 1000)
    await identities.claim('child', ['shardId-7'], [claim(1, 3)])
    expect(await server.admin.pttl(keys[0] ?? '')).toBeGreaterThan(4_190_000)
    await identities.close()
  })

  it('take some hundred bytes each', async () => {
    await server.admin.flushall()
    const identities = connect()
    const before = await usedBytes()
    const claims = Array.from({ length: 40_000 }, (_, at) => claim(at + 1, 0, `order ${at}`))
    await identities.claim('shardId-7', [], claims)
    expect(((await usedBytes()) - before) / claims.length).toBeLessThan(200)
    await identities.close()
  })

  it('say so at once where no cache is', async () => {
    const identities = connect('127.0.0.1:1')
    const startedAt = performance.now()
    await expect(identities.claim('s', [], [claim(1, 0)])).rejects.toThrow()
    await expect(identities.claim('s', [], [claim(1, 0)])).rejects.toThrow()
    expect(performance.now() - startedAt).toBeLessThan(4500)
    await identities.close()
  })

  const usedBytes = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await server.admin.info('memory'))?.[1])
})

describe('identities in Valkey, over connections that are cut', () => {
  const cut = overFaultyWay()

  const opened: ValkeyIdentities[] = []
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close()
  })
  // Longer than the client goes on sending.
  const connect = async (): Promise<ValkeyIdentities> => {
    const made = new ValkeyIdentities({ endpoint: cut.way.endpoint, tls: false, windowMs, answerWithinMs: 10_000 })
    opened.push(made)
    return made
  }

  cutIdentitiesContract(async () => {
    await cut.server.admin.flushall()
    return { identities: await connect(), fates: cut.way.fates, another: connect }
  })

  it('answer a claim of several scripts as the first time, the later of which was cut off or lost its answer', async () => {
    const claims = Array.from({ length: 5000 }, (_, at) => claim(at + 1, at / 1000, `order ${at % 4000}`))
    const answers = claims.map((_, at) => at >= 4000)
    for (const fate of ['cut before', 'answer lost'] as const) {
      await cut.server.admin.flushall()
      const identities = await connect()
      cut.way.fates.meet('through', fate)
      await expect(identities.claim('s', [], claims)).rejects.toThrow()
      cut.way.fates.meet('through')
      expect(await identities.claim('s', [], claims)).toEqual(answers)
    }
  })
})
