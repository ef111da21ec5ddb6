import type { LineUp } from '../../core/line-up.ts'
import type { Cell } from '../../core/state.ts'
import { type MemoryWarehouse, refuseMoved } from '../warehouse/memory.ts'
import type { Draft } from '../warehouse/memory-draft.ts'
import type { StateRow, Tables } from '../warehouse/memory-tables.ts'
import { TransactionFailed } from '../warehouse/warehouse.ts'
import { restretch } from './memory-exclusion-ledger.ts'
import {
  checkReplaceable,
  type MicroBatch,
  movedTo,
  type ReplacedPart,
  type Replacement,
  type SpeedLedger,
  type SpeedPosition,
  streamStart,
  withCut,
} from './speed-ledger.ts'

/** The speed ledger in memory: what the SQL adapter does, under the same contract tests. */
export class MemorySpeedLedger implements SpeedLedger {
  readonly #warehouse: MemoryWarehouse

  constructor(warehouse: MemoryWarehouse) {
    this.#warehouse = warehouse
  }

  async position(shardId: string): Promise<SpeedPosition> {
    const known = this.#warehouse.committed.speedPosition.find((row) => row.shardId === shardId)
    const lineUp = this.#warehouse.committed.model[0]?.lineUp ?? ''
    if (lineUp === '') throw new Error('ledger.model names no model: none was ever deployed; deploy the stage.')
    if (known?.lineUp === lineUp) return positionOf(known)
    if (known === undefined) await this.#create(shardId)
    else await this.#switchLineUp(known)
    return this.position(shardId)
  }

  async #create(shardId: string): Promise<void> {
    await this.#warehouse.transactLocked('create shard', (draft) => {
      const positions = draft.table('speedPosition')
      if (positions.rows().some((row) => row.shardId === shardId)) return
      const exclusions = draft.table('exclusionRevision').rows()[0]?.revision ?? 0
      const lineUp = draft.table('model').rows()[0]?.lineUp ?? ''
      positions.insert({ shardId, position: streamStart, revision: 0, lineUp, cuts: [], exclusions })
      if (exclusions > 0) draft.table('exclusionEdge').insert({ shardId, above: streamStart, revision: exclusions })
    })
  }

  async #switchLineUp(known: Tables['speedPosition']): Promise<void> {
    const { shardId, position } = known
    await this.#warehouse.transactLocked('switch line-up', (draft) => {
      const lineUp = draft.table('model').rows()[0]?.lineUp ?? ''
      const definitions = draft.table('definition').rows()
      const metricsOf = (of: LineUp) => definitions.filter((row) => row.lineUp === of)
      const older = new Set(metricsOf(known.lineUp).map(({ metric, metricVersion }) => `${metric} ${metricVersion}`))
      const fresh = metricsOf(lineUp).filter(({ metric, metricVersion }) => !older.has(`${metric} ${metricVersion}`))
      if (position !== streamStart)
        draft
          .table('metricEdge')
          .insert(...fresh.map(({ metric, metricVersion }) => ({ metric, metricVersion, shardId, edge: position })))
      this.#move(draft, shardId, known, { lineUp })
    })
  }

  async commit(known: SpeedPosition, batch: MicroBatch): Promise<SpeedPosition> {
    const { shardId, edge, committedAt } = batch
    const rows = rowsOf(shardId, batch)
    const moved = movedTo(known, edge)
    await this.#warehouse.transact('commit', (draft) => {
      draft.table('speedRows').insert(...rows)
      draft.table('speedEdge').insert({ shardId, edge, lineUp: known.lineUp, committedAt })
      this.#move(draft, shardId, known, { position: edge, cuts: moved.cuts })
    })
    return moved
  }

  async addCut(shardId: string, known: SpeedPosition, cut: string): Promise<SpeedPosition> {
    const next = withCut(shardId, known, cut)
    if (next === known) return known
    await this.#warehouse.transact('add cut', (draft) => this.#move(draft, shardId, known, { cuts: next.cuts }))
    return next
  }

  async ends(shardId: string, from: string, to: string): Promise<string[]> {
    const { speedEdge, mark: marks } = this.#warehouse.committed
    const edges = speedEdge.filter((row) => row.shardId === shardId).map(({ edge }) => edge)
    const marked = marks.filter((row) => row.shardId === shardId).map(({ mark }) => mark)
    return [...new Set([...edges, ...marked])].filter((end) => end > from && end <= to).sort()
  }

  async replace(known: SpeedPosition, replacement: Replacement): Promise<SpeedPosition> {
    const { shardId, from, to, parts, restores } = replacement
    checkReplaceable(known, replacement)
    const rows = parts.flatMap((part) => rowsOf(shardId, part))
    await this.#warehouse.transact('replace', (draft) => {
      const speedRows = draft.table('speedRows')
      speedRows.delete((row) => row.shardId === shardId && row.edge > from && row.edge <= to)
      speedRows.insert(...rows)
      if (restores) restore(draft, replacement)
      restretch(draft, replacement, replacement.exclusions)
      this.#move(draft, shardId, known, {})
    })
    return { ...known, revision: known.revision + 1 }
  }

  async exclude(shardId: string, known: SpeedPosition, revision: number): Promise<SpeedPosition> {
    await this.#warehouse.transact('exclude', (draft) => {
      const edges = draft.table('exclusionEdge')
      edges.delete((row) => row.shardId === shardId && row.above === known.position)
      edges.insert({ shardId, above: known.position, revision })
      this.#move(draft, shardId, known, { exclusions: revision })
    })
    return { ...known, revision: known.revision + 1, exclusions: revision }
  }

  /** Compare-and-set on the position row. */
  #move(draft: Draft, shardId: string, known: SpeedPosition, to: Partial<SpeedPosition>): void {
    draft.table('speedPosition').update(
      (row) => row.shardId === shardId,
      (row) => {
        refuseMoved(shardId, known, row)
        return { ...row, ...to, revision: row.revision + 1 }
      },
    )
  }
}

/** Fails where rows were pruned further, or restored already, since it was read how far they are. */
const restore = (draft: Draft, { shardId, from, to }: Replacement): void =>
  draft.table('pruned').update(
    (row) => row.shardId === shardId,
    (row) => {
      if (row.prunedTo !== to)
        throw new TransactionFailed('memory-replace', `${row.prunedTo} stands where ${to} was read`)
      return { ...row, prunedTo: from }
    },
  )

const positionOf = ({ shardId: _, ...position }: Tables['speedPosition']): SpeedPosition => position

/** A micro-batch's rows, those of each metric as one. */
export const rowsOf = (shardId: string, { edge, cells }: ReplacedPart): Tables['speedRows'][] => {
  const rows = new Map<string, Tables['speedRows'] & { readonly states: StateRow[] }>()
  for (const cell of cells) {
    const { metric, version } = cell
    const row = rows.get(`${metric} ${version}`) ?? { metric, metricVersion: version, shardId, edge, states: [] }
    rows.set(`${metric} ${version}`, row)
    row.states.push(...statesOf(cell))
  }
  return [...rows.values()]
}

const statesOf = ({ bucket, dims, components }: Cell): StateRow[] =>
  [...components].map(([component, { value, body }]) => ({
    bucket,
    dims,
    component,
    value,
    ...(body === undefined ? {} : { body }),
  }))
