import type { Cell } from '../../core/state.ts'
import { type MemoryWarehouse, refuseMoved } from '../warehouse/memory.ts'
import type { Draft } from '../warehouse/memory-draft.ts'
import type { StateRow, Tables } from '../warehouse/memory-tables.ts'
import { type MicroBatch, movedTo, type SpeedLedger, type SpeedPosition, streamStart, withCut } from './speed-ledger.ts'

/** The speed ledger in memory: what the SQL adapter does, under the same contract tests. */
export class MemorySpeedLedger implements SpeedLedger {
  readonly #warehouse: MemoryWarehouse

  constructor(warehouse: MemoryWarehouse) {
    this.#warehouse = warehouse
  }

  async position(shardId: string, modelVersion: string): Promise<SpeedPosition> {
    const known = this.#warehouse.committed.speedPosition.find((row) => row.shardId === shardId)
    if (known === undefined) {
      await this.#create(shardId, modelVersion)
      return this.position(shardId, modelVersion)
    }
    if (known.modelVersion === modelVersion) return positionOf(known)
    await this.#switchModel(known, modelVersion)
    return this.position(shardId, modelVersion)
  }

  async #create(shardId: string, modelVersion: string): Promise<void> {
    await this.#warehouse.transactLocked('create shard', (draft) => {
      const positions = draft.table('speedPosition')
      if (!positions.rows().some((row) => row.shardId === shardId))
        positions.insert({ shardId, position: streamStart, revision: 0, modelVersion, cuts: [], exclusions: 0 })
    })
  }

  async #switchModel(known: Tables['speedPosition'], modelVersion: string): Promise<void> {
    const deployed = this.#warehouse.committed.model[0]?.modelVersion
    if (deployed !== modelVersion)
      throw new Error(
        `This function runs model ${modelVersion}, but ${deployed} is deployed; the newer function will take its records.`,
      )
    const { shardId, position } = known
    await this.#warehouse.transact('switch model', (draft) => {
      const definitions = draft.table('definition').rows()
      const metricsOf = (version: string) => definitions.filter((row) => row.modelVersion === version)
      const older = new Set(
        metricsOf(known.modelVersion).map(({ metric, metricVersion }) => `${metric} ${metricVersion}`),
      )
      const fresh = metricsOf(modelVersion).filter(
        ({ metric, metricVersion }) => !older.has(`${metric} ${metricVersion}`),
      )
      if (position !== streamStart)
        draft
          .table('metricEdge')
          .insert(...fresh.map(({ metric, metricVersion }) => ({ metric, metricVersion, shardId, edge: position })))
      this.#move(draft, shardId, known, { modelVersion })
    })
  }

  async commit(known: SpeedPosition, batch: MicroBatch): Promise<SpeedPosition> {
    const { shardId, edge, modelVersion, committedAt } = batch
    const rows = rowsOf(batch)
    const moved = movedTo(known, edge)
    await this.#warehouse.transact('commit', (draft) => {
      draft.table('speedRows').insert(...rows)
      draft.table('speedEdge').insert({ shardId, edge, modelVersion, committedAt })
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

const positionOf = ({ shardId: _, ...position }: Tables['speedPosition']): SpeedPosition => position

/** A micro-batch's rows, those of each metric as one. */
const rowsOf = ({ shardId, edge, cells, versions }: MicroBatch): Tables['speedRows'][] => {
  const states = new Map<string, StateRow[]>()
  for (const cell of cells) {
    const ofMetric = states.get(cell.metric) ?? []
    states.set(cell.metric, ofMetric)
    ofMetric.push(...statesOf(cell))
  }
  return [...states].map(([metric, ofMetric]) => {
    const metricVersion = versions.get(metric)
    if (metricVersion === undefined)
      throw new Error(`A micro-batch holds a cell of ${metric}, which its model has not.`)
    return { metric, metricVersion, shardId, edge, states: ofMetric }
  })
}

const statesOf = ({ bucket, dims, components }: Cell): StateRow[] =>
  [...components].map(([component, { value }]) => ({ bucket, dims, component, value }))
