import { event, metric, z } from 'tidemark'
import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import type { Model } from '../../../core/model.ts'
import type { RawRecord } from '../../../core/record.ts'
import { migrate } from '../../../lambdas/batch/migrate.ts'
import { answerMetric, findMetric } from '../../../lambdas/serving/metrics.ts'
import { readQuestion } from '../../../lambdas/serving/question.ts'
import { answerWindow } from '../../../lambdas/serving/windows.ts'
import { DuplicateCheck } from '../../../lambdas/speed/duplicate-check.ts'
import { TableWriter } from '../../../lambdas/speed/table.ts'
import { WindowWriter } from '../../../lambdas/speed/window.ts'
import { Exclusions } from '../../../stores/archive/exclusions.ts'
import { MemoryArchive } from '../../../stores/archive/memory.ts'
import { ValkeyIdentities } from '../../../stores/identities/valkey.ts'
import { SqlSpeedLedger } from '../../../stores/ledger/sql-speed-ledger.ts'
import { MemoryModels } from '../../../stores/models/memory.ts'
import { SqlStates } from '../../../stores/states/sql.ts'
import { RedshiftDataWarehouse } from '../../../stores/warehouse/redshift-data.ts'
import { ValkeyWindowStore } from '../../../stores/window/valkey.ts'
import { duplicatesWindowMs as windowMs } from '../../lambdas/speed/duplicates.ts'
import { noExclusions } from '../../lambdas/speed/orders.ts'
import { countingBy } from '../../models-side-by-side.ts'
import { LocalWarehouse } from '../warehouse/local-warehouse.ts'
import { startValkeyServer, type ValkeyServer } from '../window/valkey-server.ts'
import { firstsOf } from './naive.ts'

const order = event('order', { shop: z.string() }, { accept: { early: '1h' } })
const orders = metric('orders', order.count('orders'), { by: ['shop'], per: 'day', live: '6h' })

const start = Date.parse('2026-03-01T12:00:00Z')
const minute = 60_000
const sequence = (number: number): string => String(number).padStart(64, '0')
const [parent, child] = ['shardId-000000000000', 'shardId-000000000001']
const shards = [
  { shardId: parent, parentShardIds: [] },
  { shardId: child, parentShardIds: [parent] },
]

/** A producer that tries again, at once and minutes later: an id comes up to four times within some half an hour. */
const recordsOf = (shardId: string, from: number, count: number, startMinute: number): RawRecord[] =>
  Array.from({ length: count }, (_, at) => {
    const id = (at * 7919) % Math.ceil(count / 4)
    return {
      shardId,
      sequenceNumber: sequence(from + at),
      // Back and forth by some seconds, as arrival times go.
      arrivalTime: start + startMinute * minute + Math.floor((at / count) * 30 * minute) + ((at * 31) % 9) * 1000,
      text: JSON.stringify({
        type: 'order',
        id: `o${id}`,
        at: new Date(start + id * 1000).toISOString(),
        shop: `s${id % 3}`,
      }),
    }
  })

describe('what producers sent again', () => {
  let local: LocalWarehouse
  let valkey: ValkeyServer
  let warehouse: RedshiftDataWarehouse
  let model: Model
  const opened: { close(): Promise<void> }[] = []

  beforeAll(async () => {
    ;[local, valkey] = await Promise.all([LocalWarehouse.start(), startValkeyServer()])
    const target = { workgroup: 'tidemark-test', database: 'tidemark', secretArn: null }
    warehouse = new RedshiftDataWarehouse(local.client, target)
    model = compileDefinitions({ orders }, await loadHash64())
    await migrate(warehouse, new MemoryModels([model]), model.data, 'postgres')
  })
  afterAll(async () => {
    await Promise.all(opened.map((each) => each.close()))
    await Promise.all([local.stop(), valkey.stop()])
  })

  const checkAt = (endpoint: string): DuplicateCheck => {
    const identities = new ValkeyIdentities({ endpoint, tls: false, windowMs, answerWithinMs: 2000 })
    opened.push(identities)
    return new DuplicateCheck({ identities, stream: { shards: async () => shards }, windowMs })
  }
  const stageRows = async (): Promise<string> => Promise.reject(new Error('These rows are few: INSERT serves.'))
  const ledger = () => new SqlSpeedLedger({ warehouse, stageRows, copyRoleArn: '' })
  const table = (endpoint = valkey.endpoint, over = ledger()): TableWriter =>
    new TableWriter({
      lineUps: countingBy(model).lineUps,
      exclusions: new Exclusions(new MemoryArchive()),
      ledger: over,
      duplicates: checkAt(endpoint),
      now: () => start,
    })
  const windows = (endpoint = valkey.endpoint): WindowWriter => {
    const store = new ValkeyWindowStore(endpoint, false)
    opened.push(store)
    return new WindowWriter({
      ...countingBy(model),
      exclusions: noExclusions,
      store,
      duplicates: checkAt(endpoint),
      newEpoch: () => 'epoch',
    })
  }

  const inTable = async (): Promise<Record<string, number>> => {
    const question = readQuestion(findMetric(model.data, 'orders'), new URLSearchParams({ by: 'shop' }))
    const { rows } = await answerMetric(model.data, new SqlStates(warehouse, ''), question)
    return Object.fromEntries(rows.map(({ by, value }) => [String(by.shop), Number(value)]))
  }
  const inWindow = async (): Promise<Record<string, number>> => {
    const store = new ValkeyWindowStore(valkey.endpoint, false)
    opened.push(store)
    const question = { model: model.data, store, metric: 'orders', lastMs: 6 * 3_600_000, by: ['shop'] }
    const { rows } = await answerWindow({ ...question, asOf: 'latest', now: start })
    return Object.fromEntries(rows.map(({ by, value }) => [String(by.shop), Number(value)]))
  }
  const counted = (records: readonly RawRecord[]): Record<string, number> => {
    const counts: Record<string, number> = { s0: 0, s1: 0, s2: 0 }
    for (const { text } of records) {
      const { shop } = JSON.parse(text ?? '') as { shop: string }
      counts[shop] = (counts[shop] ?? 0) + 1
    }
    return counts
  }

  const old = recordsOf(parent, 1, 300, 0)
  // The child's producers go on with the parent's last orders.
  const young = recordsOf(child, 1, 100, 25).map((record) => ({
    ...record,
    text: old[200 + (Number(record.sequenceNumber) % 97)]?.text ?? null,
  }))
  const stream = [...old, ...young]

  it('counts once in table and window, however far behind one is, whatever is tried again or left running', async () => {
    const slow = table()
    const abandoned = ledger()
    abandoned.commit = async () => Promise.reject(new Error('gone'))
    // The window takes all of it first, from two functions at once, with what was there already brought again.
    for (let from = 0; from < old.length; from += 50) {
      const batch = old.slice(Math.max(0, from - 20), from + 50)
      await Promise.all([windows().write(parent, batch), windows().write(parent, batch.slice(0, 45))])
      if (from === 100) await slow.write(parent, old.slice(0, 30))
    }
    await windows().write(child, young)
    // An invocation that claims and never commits; then the table's own, hundreds of records behind the window.
    await expect(table(valkey.endpoint, abandoned).write(parent, old.slice(30, 200))).rejects.toThrow('gone')
    for (const [from, to] of [
      [30, 31],
      [31, 120],
      [60, 230],
      [230, 300],
    ])
      expect(await slow.write(parent, old.slice(from, to))).toMatchObject({ unchecked: 0, uncheckedBecause: null })
    await table().write(child, young)

    const expected = counted(firstsOf(model, stream, windowMs))
    expect(Object.values(expected).reduce((sum, count) => sum + count)).toBeLessThan(0.6 * stream.length)
    expect(await inTable()).toEqual(expected)
    expect(await inWindow()).toEqual(expected)
  })

  it('is counted by the table where the cache does not answer, and said; the window waits for the cache', async () => {
    const before = await inTable()
    const text = JSON.stringify({ type: 'order', id: 'new', at: new Date(start).toISOString(), shop: 's0' })
    const arrivalTime = start + 60 * minute
    const record = (number: number): RawRecord => ({
      shardId: child,
      sequenceNumber: sequence(number),
      arrivalTime,
      text,
    })
    await windows().write(child, [record(200)])
    await table().write(child, [record(200)])
    const startedAt = performance.now()
    const written = await table('127.0.0.1:1').write(child, [
      record(201),
      record(202),
      { ...record(203), text: 'junk' },
    ])
    expect(performance.now() - startedAt).toBeLessThan(4000)
    // Of one micro-batch the twins are still told; whether the first is one, is not known.
    expect(written).toMatchObject({ duplicates: 1, unchecked: 2, uncheckedBecause: expect.stringMatching(/\w/) })
    expect(await inTable()).toEqual({ ...before, s0: (before.s0 ?? 0) + 2 })
    await expect(windows('127.0.0.1:1').write(child, [record(201)])).rejects.toThrow()
  })
})
