import type { LineUp } from '../../core/line-up.ts'
import type { Slot } from '../../sql/states.ts'
import { type MemoryWarehouse, refuseMoved } from '../warehouse/memory.ts'
import type { Draft } from '../warehouse/memory-draft.ts'
import type { Committed, Tables } from '../warehouse/memory-tables.ts'
import { sqlTime } from '../warehouse/sql-time.ts'
import { TransactionFailed } from '../warehouse/warehouse.ts'
import {
  type Control,
  type Dataset,
  type DatasetState,
  type Marks,
  mayFollow,
  noted,
  type Parity,
  type ReachedState,
  type SlotState,
} from './dataset.ts'
import type { Alone, DatasetLedger, NewDataset, Serving } from './dataset-ledger.ts'
import type { DeployedModels } from './model-ledger.ts'
import { storableReason } from './reason.ts'

/** The dataset ledger in memory: what the SQL adapter does, under the same contract tests. */
export class MemoryDatasetLedger implements DatasetLedger {
  readonly #warehouse: MemoryWarehouse

  constructor(warehouse: MemoryWarehouse) {
    this.#warehouse = warehouse
  }

  get #tables(): Committed {
    return this.#warehouse.committed
  }

  async control(): Promise<Control> {
    const [control] = this.#tables.control
    if (control === undefined)
      throw new Error('ledger.control is empty: the warehouse was never migrated; deploy the stage.')
    return control
  }

  async datasets(): Promise<Dataset[]> {
    return this.#tables.dataset.toSorted(newestFirst).map(datasetOf)
  }

  async dataset(datasetId: string): Promise<Dataset | null> {
    const row = this.#tables.dataset.find((each) => each.datasetId === datasetId)
    return row === undefined ? null : datasetOf(row)
  }

  async marks(datasetId: string): Promise<Marks> {
    const marks = this.#tables.mark.filter((row) => row.datasetId === datasetId)
    return Object.fromEntries(marks.map(({ shardId, mark }) => [shardId, mark]))
  }

  async register(dataset: NewDataset, alone?: Alone): Promise<void> {
    const { datasetId, marks, metrics, baseDatasetId, kind, modelVersion, exclusions, sealedAt } = dataset
    await this.#warehouse.transactLocked('register', (draft) => {
      const rows = draft.table('dataset').rows()
      if (rows.some((row) => row.datasetId === datasetId || (alone !== undefined && isInTheWay(row, alone)))) return
      draft.table('mark').insert(...Object.entries(marks).map(([shardId, mark]) => ({ datasetId, shardId, mark })))
      draft
        .table('datasetMetric')
        .insert(...metrics.map(({ name, version }) => ({ datasetId, metric: name, metricVersion: version })))
      const rest = { state: 'sealed', step: 'seal', reason: '', sealedAt, updatedAt: sealedAt } as const
      draft.table('dataset').insert({ datasetId, baseDatasetId, kind, modelVersion, exclusions, ...rest })
    })
  }

  async setState(datasetId: string, state: ReachedState, step: string, now: number): Promise<DatasetState | null> {
    return this.#warehouse.transact('set state', (draft) => {
      change(draft, datasetId, { state, step, reason: '', updatedAt: now }, mayFollow[state])
      const rows = draft.table('dataset').rows()
      return rows.find((row) => row.datasetId === datasetId)?.state ?? null
    })
  }

  async noteFailure(
    datasetId: string,
    step: string,
    reason: string,
    now: number,
    state: 'failed' | null,
  ): Promise<void> {
    const to = { step, reason: storableReason(reason), updatedAt: now }
    await this.#warehouse.transact('note failure', (draft) =>
      state === null
        ? change(draft, datasetId, to, noted)
        : change(draft, datasetId, { ...to, state }, mayFollow[state]),
    )
  }

  async speedPositions(): Promise<Marks> {
    return Object.fromEntries(this.#tables.speedPosition.map(({ shardId, position }) => [shardId, position]))
  }

  async shardsBesides(lineUp: LineUp): Promise<string[]> {
    const others = this.#tables.speedPosition.filter((row) => row.lineUp !== lineUp)
    return others.map(({ shardId }) => shardId).sort()
  }

  async newestEdges(bounds: Marks): Promise<Marks> {
    return newest(this.#tables.speedEdge.filter(({ shardId, edge }) => isWithin(bounds, shardId, edge)))
  }

  async edgesCommittedBefore(bounds: Marks, before: number): Promise<Marks> {
    const edges = this.#tables.speedEdge.filter(({ committedAt }) => committedAt < before)
    return newest(edges.filter(({ shardId, edge }) => isWithin(bounds, shardId, edge)))
  }

  async versionEdges(modelVersion: string): Promise<Marks> {
    const { definition, metricEdge } = this.#tables
    const ofModel = definition.filter(({ lineUp }) => lineUp === modelVersion)
    const isOfModel = ({ metric, metricVersion }: Tables['metricEdge']): boolean =>
      ofModel.some((row) => row.metric === metric && row.metricVersion === metricVersion)
    return newest(metricEdge.filter(isOfModel))
  }

  async prunedTo(): Promise<Marks> {
    return Object.fromEntries(this.#tables.pruned.map(({ shardId, prunedTo }) => [shardId, prunedTo]))
  }

  async setSlot(control: Control, slot: Slot, datasetId: string, state: SlotState): Promise<void> {
    await this.#warehouse.transact('set slot', (draft) =>
      setControl(draft, 'set slot', control, (row) => ({
        ...row,
        slots: { ...row.slots, [slot]: { datasetId, state } },
      })),
    )
  }

  async takeSlot(control: Control, slot: Slot, datasetId: string, step: string, now: number): Promise<void> {
    const taken = { datasetId, state: 'loading' } as const
    await this.#warehouse.transact('take slot', (draft) => {
      setControl(draft, 'take slot', control, (row) => ({ ...row, slots: { ...row.slots, [slot]: taken } }))
      refuseFailed(draft, datasetId)
      change(draft, datasetId, { step, reason: '', updatedAt: now })
    })
  }

  async serve(control: Control, datasetId: string, serving: Serving, step: string, now: number): Promise<void> {
    const { known, modelVersion } = serving
    await this.#warehouse.transact('serve', (draft) => {
      setControl(draft, 'serve', control, (row) => ({ ...row, liveDatasetId: datasetId }))
      change(draft, datasetId, { state: 'promoted', step, reason: '', updatedAt: now })
      draft.table('model').update(
        () => true,
        (row) => {
          refuseMoved('serve', known, row)
          return { ...row, servingVersion: modelVersion, revision: row.revision + 1 }
        },
      )
    })
  }

  /** The twin has no views. */
  install(): Promise<void> {
    return Promise.resolve()
  }

  async installAsOf(known: DeployedModels, statements: readonly string[]): Promise<DeployedModels> {
    if (statements.length === 0) return known
    const next = { ...known, revision: known.revision + 1 }
    await this.#warehouse.transact('install', (draft) =>
      draft.table('model').update(
        () => true,
        (row) => {
          refuseMoved('install', known, row)
          return { ...row, revision: next.revision }
        },
      ),
    )
    return next
  }

  async prune(control: Control, bounds: Marks): Promise<void> {
    await this.#warehouse.transact('prune', (draft) => {
      for (const [shardId, bound] of Object.entries(bounds)) {
        draft.table('speedRows').delete((row) => row.shardId === shardId && row.edge <= bound)
        draft.table('speedEdge').delete((row) => row.shardId === shardId && row.edge < bound)
        draft.table('pruned').delete((row) => row.shardId === shardId)
        draft.table('pruned').insert({ shardId, prunedTo: bound })
      }
      setControl(draft, 'prune', control, (row) => ({ ...row, liveDatasetId: control.liveDatasetId }))
    })
  }

  async recordParity(datasetId: string, parities: readonly Parity[]): Promise<void> {
    if (parities.length === 0) return
    await this.#warehouse.transactLocked('record parity', (draft) => {
      draft.table('parity').delete((row) => row.datasetId === datasetId)
      draft.table('parity').insert(...parities.map((parity) => ({ ...parity, datasetId })))
    })
  }

  async parity(datasetId: string): Promise<Parity[]> {
    const rows = this.#tables.parity.filter((row) => row.datasetId === datasetId)
    return rows.toSorted((a, b) => (a.metric < b.metric ? -1 : 1)).map(({ datasetId: _, ...parity }) => parity)
  }
}

type DatasetRow = Tables['dataset']

const isInTheWay = (row: DatasetRow, { modelVersion, sealedAfter, lost }: Alone): boolean =>
  (row.state === 'sealed' || row.state === 'recomputed') &&
  row.modelVersion === modelVersion &&
  row.sealedAt > sealedAfter &&
  !lost.includes(row.datasetId)

const newestFirst = (a: DatasetRow, b: DatasetRow): number =>
  b.sealedAt - a.sealedAt || (a.datasetId < b.datasetId ? 1 : -1)

const refuseFailed = (draft: Draft, id: string): void => {
  const isFailed = draft
    .table('dataset')
    .rows()
    .some(({ datasetId, state }) => datasetId === id && state === 'failed')
  if (isFailed) throw new TransactionFailed('memory-take-slot', `${id} has failed`)
}

/** @param from the states in which it is changed; left out: whichever stands */
const change = (draft: Draft, datasetId: string, to: Partial<DatasetRow>, from?: readonly DatasetState[]): void =>
  draft.table('dataset').update(
    (row) => row.datasetId === datasetId && (from === undefined || from.includes(row.state)),
    (row) => ({ ...row, ...to }),
  )

const setControl = (
  draft: Draft,
  what: string,
  known: Control,
  to: (row: Tables['control']) => Tables['control'],
): void =>
  draft.table('control').update(
    () => true,
    (row) => {
      refuseMoved(what, known, row)
      return { ...to(row), revision: row.revision + 1 }
    },
  )

const isWithin = (bounds: Marks, shardId: string, edge: string): boolean => {
  const bound = bounds[shardId]
  return bound !== undefined && edge <= bound
}

const newest = (edges: readonly { readonly shardId: string; readonly edge: string }[]): Marks => {
  const marks: Record<string, string> = {}
  for (const { shardId, edge } of edges) if (edge > (marks[shardId] ?? '')) marks[shardId] = edge
  return marks
}

const datasetOf = ({ sealedAt, updatedAt, ...row }: DatasetRow): Dataset => ({
  ...row,
  sealedAt: sqlTime(sealedAt),
  updatedAt: sqlTime(updatedAt),
})
