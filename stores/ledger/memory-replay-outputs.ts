import { merge, opOf } from '../../core/merge.ts'
import { dimsKey } from '../../core/state.ts'
import { type MemoryWarehouse, refuseMoved } from '../warehouse/memory.ts'
import type { Tables } from '../warehouse/memory-tables.ts'
import { TransactionFailed } from '../warehouse/warehouse.ts'
import { restretch } from './memory-exclusion-ledger.ts'
import { rowsOf } from './memory-speed-ledger.ts'
import type { OutputDifference, OutputShard, ReplayOutputs } from './replay-outputs.ts'
import type { SpeedPosition } from './speed-ledger.ts'

/** The replays' outputs in memory: what the SQL adapter does, under the same contract tests. */
export class MemoryReplayOutputs implements ReplayOutputs {
  readonly #warehouse: MemoryWarehouse

  constructor(warehouse: MemoryWarehouse) {
    this.#warehouse = warehouse
  }

  async all(): Promise<OutputShard[]> {
    const placeOf = ({ name, shardId }: OutputShard): string => `${name} ${shardId}`
    return [...this.#warehouse.committed.replayOutput].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
  }

  async begin(shards: readonly OutputShard[]): Promise<void> {
    await this.#warehouse.transactLocked('begin output', (draft) => {
      const outputs = draft.table('replayOutput')
      const held = outputs.rows()
      draft.table('replayedRows').delete((row) => !held.some(({ outputId }) => outputId === row.outputId))
      outputs.insert(...shards.filter((shard) => !held.some(({ name }) => name === shard.name)))
    })
  }

  async add(shard: OutputShard, { from, parts }: Parameters<ReplayOutputs['add']>[1]): Promise<void> {
    const { outputId, shardId } = shard
    const rows = parts.flatMap((part) => rowsOf(shardId, part).map((row) => ({ ...row, outputId })))
    await this.#warehouse.transact('add to output', (draft) => {
      draft.table('replayedRows').insert(...rows)
      draft.table('replayOutput').update(isIts(shard), (row) => {
        if (row.reached !== shard.reached)
          throw new TransactionFailed('memory-add', `${row.reached} stands where ${shard.reached} was read`)
        return { ...row, reached: from }
      })
    })
  }

  async compare(shards: readonly OutputShard[]): Promise<OutputDifference[]> {
    const { speedRows, replayedRows } = this.#warehouse.committed
    const served = speedRows.filter((row) =>
      shards.some(({ shardId, from, to }) => row.shardId === shardId && row.edge > from && row.edge <= to),
    )
    const replayed = replayedRows.filter(({ outputId }) => outputId === shards[0]?.outputId)
    return differences(mergedStates(served), mergedStates(replayed))
  }

  async swap(known: SpeedPosition, shard: OutputShard): Promise<void> {
    const { shardId, from, to } = shard
    await this.#warehouse.transact('swap output', (draft) => {
      const replayed = draft.table('replayedRows')
      const rows = replayed.rows().filter(isIts(shard))
      const isThere = draft
        .table('replayOutput')
        .rows()
        .some((row) => isIts(shard)(row) && row.reached === row.from)
      if (!isThere) throw new TransactionFailed('memory-swap', `${shard.outputId} is not there, or not whole`)
      const speedRows = draft.table('speedRows')
      speedRows.delete((row) => row.shardId === shardId && row.edge > from && row.edge <= to)
      speedRows.insert(...rows.map(({ outputId: _, ...row }) => row))
      draft.table('speedPosition').update(
        (row) => row.shardId === shardId,
        (row) => {
          refuseMoved(shardId, known, row)
          return { ...row, revision: row.revision + 1 }
        },
      )
      restretch(draft, shard, shard.exclusions)
      replayed.delete(isIts(shard))
      draft.table('replayOutput').delete(isIts(shard))
    })
  }

  async drop(outputId: string): Promise<void> {
    await this.#warehouse.transact('drop output', (draft) => {
      draft.table('replayedRows').delete((row) => row.outputId === outputId)
      draft.table('replayOutput').delete((row) => row.outputId === outputId)
    })
  }
}

const isIts =
  ({ outputId, shardId }: OutputShard) =>
  (row: { readonly outputId: string; readonly shardId: string }): boolean =>
    row.outputId === outputId && row.shardId === shardId

interface MergedState {
  readonly metric: string
  readonly bucket: number
  readonly component: string
  readonly value: number
}

const mergedStates = (rows: readonly Tables['speedRows'][]): Map<string, MergedState> => {
  const merged = new Map<string, MergedState>()
  for (const { metric, metricVersion, states } of rows)
    for (const { bucket, dims, component, value } of states) {
      const key = `${metric}/${metricVersion}/${bucket}/${component}/${dimsKey(dims)}`
      const held = merged.get(key)
      const both = held === undefined ? value : merge(opOf(component), held.value, value)
      merged.set(key, { metric, bucket, component, value: both })
    }
  return merged
}

/** A register counts where the served one is higher: see `ReplayOutputs.compare` in SQL. */
const differences = (
  served: ReadonlyMap<string, MergedState>,
  replayed: ReadonlyMap<string, MergedState>,
): OutputDifference[] => {
  const found = new Map<string, { -readonly [Field in keyof OutputDifference]: OutputDifference[Field] }>()
  for (const key of new Set([...served.keys(), ...replayed.keys()])) {
    const [ours, theirs] = [served.get(key), replayed.get(key)]
    const state = ours ?? theirs
    if (state === undefined) continue
    const { metric, bucket, component } = state
    const place = `${metric}/${new Date(bucket).toISOString()}`
    const counts = found.get(place) ?? { metric, bucket, rowsEqual: 0, rowsChanged: 0, rowsMissing: 0, rowsExtra: 0 }
    found.set(place, counts)
    const isRegister = /^r\d/.test(component)
    if (theirs === undefined) counts.rowsExtra++
    else if (ours === undefined && !isRegister) counts.rowsMissing++
    else if (ours !== undefined && (isRegister ? ours.value > theirs.value : ours.value !== theirs.value))
      counts.rowsChanged++
    else counts.rowsEqual++
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, counts]) => counts)
}
