import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import type { Model } from '../../../core/model.ts'
import { MemoryArchive } from '../../../stores/archive/memory.ts'
import { MemoryDatasetLedger } from '../../../stores/ledger/memory-dataset-ledger.ts'
import { MemoryModelLedger } from '../../../stores/ledger/memory-model-ledger.ts'
import { MemorySpeedLedger } from '../../../stores/ledger/memory-speed-ledger.ts'
import { MemoryStates } from '../../../stores/states/memory.ts'
import { MemoryWarehouse } from '../../../stores/warehouse/memory.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { arrival, definitions, sequence, shardA } from '../../localstack/tidemark/batch-stage.ts'
import { IsolatedInMemory } from './isolated-in-memory.ts'
import { isolationContract } from './isolation-contract.ts'

/** Holds transactions back before their commit, by name, until each is let go. */
class Gate {
  readonly held: { readonly what: string; readonly go: () => void; readonly fail: (error: Error) => void }[] = []
  readonly names = new Set<string>()

  readonly beforeCommit = (what: string): Promise<void> =>
    this.names.has(what)
      ? new Promise((resolve, reject) => this.held.push({ what, go: resolve, fail: reject }))
      : Promise.resolve()
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('transactions in memory', () => isolationContract(async () => new IsolatedInMemory()))

describe("the twin's transactions", () => {
  let model: Model
  beforeAll(async () => {
    model = compileDefinitions(definitions, await loadHash64())
  })

  const stageOf = async () => {
    const gate = new Gate()
    const [warehouse, archive] = [new MemoryWarehouse(gate.beforeCommit), new MemoryArchive()]
    await warehouse.migrate(model.data)
    const states = new MemoryStates({ warehouse, archive })
    const [ledger, speed] = [new MemoryDatasetLedger(warehouse), new MemorySpeedLedger(warehouse)]
    return { gate, warehouse, archive, states, ledger, speed }
  }
  const batch = (edge: number) => ({
    shardId: shardA,
    cells: [],
    edge: sequence(edge),
    committedAt: arrival,
  })

  it.each([
    ['the first submitted', 0],
    ['the second submitted', 1],
  ])('of a zombie and its retry the first to commit wins, be it %s', async (_, first) => {
    const { gate, speed, warehouse } = await stageOf()
    const known = await speed.position(shardA)
    gate.names.add('commit')
    const both = [speed.commit(known, batch(1)), speed.commit(known, batch(2))]
    await settled()
    gate.held[first]?.go()
    await both[first]
    gate.held[1 - first]?.go()
    await expect(both[1 - first]).rejects.toThrow(TransactionFailed)
    expect(warehouse.committed.speedEdge.map(({ edge }) => edge)).toEqual([sequence(first + 1)])
    expect(warehouse.committed.speedPosition).toHaveLength(1)
  })

  it('shows a reader nothing of a transaction before its commit, and nothing of one that was rolled back', async () => {
    const { gate, speed, ledger } = await stageOf()
    const known = await speed.position(shardA)
    gate.names.add('commit')
    const commit = speed.commit(known, batch(1))
    await settled()
    expect(await ledger.newestEdges({ [shardA]: sequence(9) })).toEqual({})
    gate.held[0]?.fail(new Error('the process died'))
    await expect(commit).rejects.toThrow('the process died')
    expect(await ledger.newestEdges({ [shardA]: sequence(9) })).toEqual({})
    expect(await speed.position(shardA)).toEqual(known)
  })

  it('takes the snapshot behind the lock, and gives the lock back where a transaction fails', async () => {
    const { gate, speed, warehouse } = await stageOf()
    gate.names.add('create shard')
    const [first, second] = [1, 2].map(() => speed.position(shardA))
    await settled()
    expect(gate.held).toHaveLength(1)
    gate.held[0]?.fail(new Error('the process died'))
    await expect(first).rejects.toThrow('the process died')
    await settled()
    gate.held[1]?.go()
    await second
    expect(warehouse.committed.speedPosition).toHaveLength(1)
  })

  describe('a load that commits late', () => {
    const begun = async () => {
      const stage = await stageOf()
      const { ledger, states, archive } = stage
      const sales = model.data.metrics.find(({ name }) => name === 'sales')
      if (sales === undefined) throw new Error('The definitions have no sales.')
      const line = JSON.stringify({ bucket: 0, dims: ['x', 'true'], component: 'count', value: 1 })
      await archive.putObject('results/x', Buffer.from(line))
      const entries = [{ url: 's3://lake/results/x', meta: { content_length: line.length } }]
      await archive.putJson('staging/x', { entries })
      const metrics = model.data.metrics
      const rest = {
        baseDatasetId: '',
        kind: 'full',
        modelVersion: model.data.version,
        exclusions: 0,
        metrics,
      } as const
      for (const datasetId of ['ds-1', 'ds-2'])
        await ledger.register({ ...rest, datasetId, marks: { [shardA]: sequence(1) }, sealedAt: arrival })
      const start = async (datasetId: string): Promise<string> => {
        await ledger.takeSlot(await ledger.control(), 'blue', datasetId, 'load', arrival)
        const load = { metric: sales, slot: 'blue', datasetId, manifestUri: 's3://lake/staging/x' } as const
        return states.startLoad(load, datasetId)
      }
      return { ...stage, sales, start }
    }

    it('is refused where it began after its slot was given away', async () => {
      const { states, start, sales } = await begun()
      const abandoned = await start('ds-1')
      await start('ds-2')
      await states.advance(abandoned)
      await settled()
      await expect(states.isLoaded(abandoned)).rejects.toThrow('Slot blue is not being loaded with ds-1 any more')
      expect(await states.rowsLoaded(sales, 'blue', 'ds-1')).toBe(0)
    })

    it('leaves rows that are not served, where it began before', async () => {
      const { states, start, sales, ledger, warehouse } = await begun()
      const abandoned = await start('ds-1')
      expect(await states.isLoaded(abandoned)).toBe(false)
      const next = await start('ds-2')
      await states.advance(next)
      await states.advance(next)
      await ledger.setSlot(await ledger.control(), 'blue', 'ds-2', 'loaded')
      const known = await new MemoryModelLedger(warehouse).models()
      const serving = { known, modelVersion: model.data.version, views: [], comments: [] }
      await ledger.serve(await ledger.control(), 'ds-2', serving, 'promote', arrival)
      expect(states.unended().map(({ id }) => id)).toEqual([abandoned])
      expect(await states.isLoaded(abandoned)).toBe(true)
      expect(await states.rowsLoaded(sales, 'blue', 'ds-1')).toBe(1)
      const asked = { per: null, by: [], where: [], layer: null, from: null, to: null, pin: null, limit: 9, offset: 0 }
      expect((await states.read({ ...asked, metric: sales })).cells.map(({ value }) => value)).toEqual([1n])
    })
  })
})
