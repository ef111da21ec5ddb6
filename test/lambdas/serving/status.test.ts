import { statusAnswer } from '../../../cli/commands/status.ts'
import { render } from '../../../cli/output.ts'
import { status } from '../../../lambdas/serving/status.ts'
import type { Stream } from '../../../stores/stream/stream.ts'
import { MemoryWindowStore } from '../../../stores/window/memory.ts'
import type { WindowPosition } from '../../../stores/window/window.ts'
import { arrival, BatchStage, sequence, shardA } from '../../localstack/tidemark/batch-stage.ts'
import { quoted } from '../../messages.ts'

describe('the status', () => {
  let stage: BatchStage
  let windows: MemoryWindowStore
  beforeEach(async () => {
    stage = await BatchStage.start('memory')
    windows = new MemoryWindowStore(() => stage.now)
    await windows.mark()
  })

  /** The stage's own records, as the stream still holds them. */
  const stream: Pick<Stream, 'shards' | 'oldestAfter'> = {
    shards: async () => stage.shards,
    oldestAfter: async (shardId, after) =>
      stage.stream.get(shardId)?.find(({ sequenceNumber }) => sequenceNumber > after)?.arrivalTime ?? null,
  }
  const down = async (): Promise<never> => {
    throw new Error('connect ECONNREFUSED')
  }
  const asked = (parts: Partial<Parameters<typeof status>[0]> = {}) =>
    status({
      model: stage.model.data,
      building: null,
      states: stage.states,
      archive: stage.archive,
      stream,
      windows,
      ...parts,
    })
  const shown = async (answer: ReturnType<typeof asked>): Promise<string> =>
    render(statusAnswer(await answer, arrival + 7_500_000), 'table')
  const produce = (count: number) => Array.from({ length: count }, () => stage.produce(shardA))
  const moveWindow = async (number: number, to: Partial<WindowPosition> = {}): Promise<void> => {
    const { position } = await windows.open(shardA)
    const next: WindowPosition = {
      position: sequence(number),
      revision: (position?.revision ?? 0) + 1,
      lineUp: stage.model.data.version,
      epoch: 'one',
      newestEventTime: arrival,
      horizon: arrival,
      startedAt: arrival,
      restarted: false,
      since: {},
      ...to,
    }
    await windows.commit({ shardId: shardA, expected: position, next, writes: [], deletes: [] })
  }

  it('says that all is level, and nothing else', async () => {
    produce(3)
    await stage.settle()
    await moveWindow(3)
    expect(await asked()).toMatchObject({ shards: [{ waitingSince: null }], refilling: false, unreachable: {} })
    const text = await shown(asked())
    expect(text).toContain('level')
    expect(text).not.toMatch(/behind|ahead|refilling|No answer/)
  })

  it('names the part that is behind, since when, and that batch went on without it', async () => {
    await stage.archiveRecords(produce(3))
    await moveWindow(3)
    expect(await shown(asked())).toMatch(quoted('speedTableBehind'))
    expect(await shown(asked())).toContain('waits 2 h 05 min')
    await stage.recompute()
    const answer = await asked()
    expect(answer.shards).toMatchObject([{ speedTable: null, archive: sequence(3), mark: sequence(3) }])
    expect(await shown(asked())).toMatch(quoted('batchAhead'))
    await stage.writer().write(shardA, stage.stream.get(shardA) ?? [])
    expect(await shown(asked())).toContain('level')
  })

  it('names the definitions that are deployed, where others are served', async () => {
    expect(await shown(asked())).not.toMatch(quoted('otherDefinitionsDeployed'))
    const building = { ...stage.model.data, version: '0123456789ab' }
    const text = await shown(asked({ building }))
    expect(text).toMatch(quoted('otherDefinitionsDeployed'))
    expect(text).toContain('Definitions 0123456789ab are deployed')
  })

  it('names the archive where it stands still, since when', async () => {
    await stage.writer().write(shardA, produce(2))
    await moveWindow(2)
    expect(await shown(asked())).toMatch(quoted('archiveBehind'))
  })

  it('tells a stream that nobody takes from one at rest', async () => {
    produce(1)
    await stage.settle()
    await moveWindow(1)
    produce(1)
    expect(await shown(asked())).toContain('all behind; oldest record waits 2 h 05 min')
  })

  it('shows what still goes on while the warehouse is down', async () => {
    produce(2)
    await stage.settle()
    await moveWindow(2)
    const answer = await asked({ states: { read: down } })
    expect(answer).toMatchObject({
      shards: [{ shardId: shardA, window: sequence(2) }],
      unreachable: { warehouse: 'connect ECONNREFUSED' },
      newestEventTime: '2026-01-03T00:00:00.000Z',
    })
    const text = await shown(asked({ states: { read: down } }))
    expect(text).toMatch(quoted('warehouseDown'))
    expect(text).toContain(': connect ECONNREFUSED. The other parts go on.')
    expect(text).toMatch(new RegExp(`^${shardA} +not known +not known +\\S+ +not known +not known *$`, 'm'))
    expect(text).toContain('live dataset: not known; ')
    expect(text).toContain('rejected: not known')
  })

  it('waits for no part that hangs', async () => {
    produce(2)
    await stage.settle()
    await moveWindow(2)
    const hangs = () => new Promise<never>(() => undefined)
    expect(await asked({ states: { read: hangs }, limitMs: 50 })).toMatchObject({
      shards: [{ window: sequence(2) }],
      unreachable: { warehouse: 'it did not answer within 0.05 s' },
    })
  })

  it('shows history while the cache or the stream is down', async () => {
    produce(2)
    await stage.settle()
    const answer = await asked({
      windows: { shards: down, read: down, emptiedBefore: down },
      stream: { shards: down, oldestAfter: down },
    })
    expect(answer).toMatchObject({
      shards: [{ shardId: shardA, speedTable: sequence(2), archive: sequence(2), window: null, waitingSince: null }],
      refilling: false,
      unreachable: { windows: 'connect ECONNREFUSED', stream: 'connect ECONNREFUSED' },
    })
    const text = await shown(asked({ windows: { shards: down, read: down, emptiedBefore: down } }))
    expect(text).toMatch(quoted('cacheDown'))
    expect(text).toContain('level as far as is known')
  })

  it('says that the cache was emptied, before and after the next record, until the longest window has passed', async () => {
    windows.lose()
    expect(await asked()).toMatchObject({ refilling: false, refillingSince: null })
    produce(2)
    await stage.settle()
    expect(await asked()).toMatchObject({ refilling: true, refillingSince: null })
    expect(await shown(asked())).toContain('refilling; nothing came in since')
    await moveWindow(2, { restarted: true })
    expect(await asked()).toMatchObject({ refilling: true, refillingSince: '2026-01-03T00:00:00.000Z' })
    expect(await shown(asked())).toMatch(quoted('refilling'))
    await moveWindow(3, { restarted: true, horizon: arrival + 30 * 86_400_000 })
    expect(await asked()).toMatchObject({ refilling: false, refillingSince: null })
  })

  it('says that the cache was emptied where a shard begins anew with records older than that', async () => {
    produce(2)
    await stage.settle()
    const emptiedAt = arrival + 3 * 86_400_000
    stage.now = emptiedAt
    windows.lose()
    await moveWindow(2, { restarted: true, horizon: arrival + 86_400_000, startedAt: arrival - 86_400_000 })
    expect(await asked()).toMatchObject({ refilling: true, refillingSince: new Date(emptiedAt).toISOString() })
  })

  it('does not take a window function that stands still for a loss', async () => {
    produce(2)
    await stage.settle()
    expect(await asked()).toMatchObject({ shards: [{ window: null }], refilling: false })
  })
})
