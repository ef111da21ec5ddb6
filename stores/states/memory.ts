import type { KeptEvent } from '../../core/folded.ts'
import type { MetricData } from '../../core/model.ts'
import { refOf } from '../../sql/entities.ts'
import { keepsVersions, type Pin, type Slot, slots } from '../../sql/states.ts'
import type { Archive } from '../archive/archive.ts'
import type { Comparison } from '../ledger/dataset.ts'
import type { MemoryWarehouse } from '../warehouse/memory.ts'
import type { Committed, StateRow } from '../warehouse/memory-tables.ts'
import { TransactionFailed } from '../warehouse/warehouse.ts'
import type { EntityAnswer, EntityQuestion, Version } from './entity.ts'
import type { KeptAnswer, KeptQuestion } from './kept-events.ts'
import { comparisonOf } from './memory-comparison.ts'
import { MemoryLoad } from './memory-loads.ts'
import {
  answeredCells,
  dimensionsOf,
  greatestCells,
  holds,
  type LayerRow,
  latestVersions,
  mergedStates,
  pairedCells,
  typed,
} from './memory-merge.ts'
import type { AnsweredCell, Asked, Snapshot, States, StatesLoad, StatesQuestion } from './states.ts'
import { asStatesQuestion, type WholeQuestion, type WholesAnswer, type WholeValue } from './whole.ts'

export interface MemoryStatesOptions {
  readonly warehouse: MemoryWarehouse
  /** Where COPY finds manifests and files. A result's file is JSON lines of `StateRow`. */
  readonly archive: Archive
}

/** The states in memory: what the SQL adapter does, under the same contract tests. */
export class MemoryStates implements States {
  readonly #warehouse: MemoryWarehouse
  readonly #archive: Archive
  readonly #loads = new Map<string, MemoryLoad>()
  readonly #tokens = new Map<string, string>()

  constructor({ warehouse, archive }: MemoryStatesOptions) {
    this.#warehouse = warehouse
    this.#archive = archive
  }

  async startLoad(load: StatesLoad, token: string): Promise<string> {
    const known = this.#loads.get(this.#tokens.get(token) ?? '')
    if (known !== undefined) {
      if (!isSame(known.load, load))
        throw new Error(`ClientToken ${token} was already used with other content, for ${known.id}.`)
      return known.id
    }
    const id = `load-${this.#loads.size + 1}`
    this.#tokens.set(token, id)
    this.#loads.set(id, new MemoryLoad(id, load))
    return id
  }

  /** Looks, and so lets the load go on by one step: what is asked often enough ends. */
  async isLoaded(loadId: string): Promise<boolean> {
    await this.advance(loadId)
    const load = this.#load(loadId)
    if (load.stage === 'failed') throw load.failure
    return load.stage === 'committed'
  }

  /** The loads that have not ended, oldest first. */
  unended(): readonly MemoryLoad[] {
    return [...this.#loads.values()].filter((load) => !load.hasEnded)
  }

  /** Lets a load go on, whoever began it: out of the queue, where it takes its snapshot, then to its end. */
  async advance(loadId: string): Promise<void> {
    const load = this.#load(loadId)
    if (load.stage === 'queued') load.begin(this.#warehouse, this.#archive)
    else if (load.stage === 'running') await load.finish()
  }

  #load(loadId: string): MemoryLoad {
    const load = this.#loads.get(loadId)
    if (load === undefined) throw new Error(`There is no load ${loadId}.`)
    return load
  }

  async rowsLoaded(metric: MetricData, slot: Slot, datasetId: string): Promise<number> {
    return batchStates(this.#warehouse.committed, metric, [slot], datasetId).length
  }

  async gaps(metric: MetricData): Promise<number> {
    return gapsOf(this.#warehouse.committed, metric)
  }

  async compare(metric: MetricData, slot: Slot, datasetId: string, served: Pin): Promise<Comparison> {
    const tables = this.#warehouse.committed
    const rows = layerRows(tables, metric, served)
    const before = mergedStates(keepsVersions(metric) ? latestVersions(rows, ({ bucket }) => bucket) : rows)
    // A dataset holds each state once; where it does not, SQL takes the largest.
    const after = mergedStates(batchStates(tables, metric, [slot], datasetId), () => 'max')
    return comparisonOf(metric, before, after)
  }

  async readBoth(left: MetricData, right: MetricData, asked: Asked) {
    const tables = this.#warehouse.committed
    const { pin, offset, limit } = asked
    const [ofLeft, ofRight] = [left, right].map((metric) =>
      answeredCells({ ...asked, metric }, layerRows(tables, metric, pin)),
    )
    const cells = pairedCells(dimensionsOf(left, asked.by), ofLeft ?? [], ofRight ?? [])
    const snapshot = snapshotOf(tables, left, pin)
    return {
      snapshot: { ...snapshot, gaps: snapshot.gaps + gapsOf(tables, right) },
      cells: cells.slice(offset, offset + limit),
    }
  }

  async readEntity({ versions, ref, children, metrics, limit }: EntityQuestion): Promise<EntityAnswer> {
    const tables = this.#warehouse.committed
    const kept = [versions, ...children.map((child) => child.versions), ...metrics.map(({ metric }) => metric)]
    const latest = (of: MetricData) => latestVersions(layerRows(tables, of, null))
    const isNamed = (of: MetricData, dimension: string) => (row: StateRow) => holds(of, { dimension, value: ref }, row)
    return {
      snapshot: {
        ...snapshotOf(tables, versions, null),
        gaps: kept.reduce((sum, metric) => sum + gapsOf(tables, metric), 0),
      },
      version:
        latest(versions)
          .filter(isNamed(versions, refOf(versions)))
          .map(versionOf(versions))[0] ?? null,
      children: children.map((child) =>
        latest(child.versions)
          .filter((row) => row.value === 1 && isNamed(child.versions, child.parentRef)(row))
          .sort((a, b) => (a.component > b.component ? -1 : 1))
          .slice(0, limit)
          .map(versionOf(child.versions)),
      ),
      metrics: metrics.map(({ metric, dimension }) =>
        wholeValue(tables, { metric, where: [{ dimension, value: ref }], from: null, to: null }),
      ),
    }
  }

  async readWholes(questions: readonly WholeQuestion[]): Promise<WholesAnswer> {
    const tables = this.#warehouse.committed
    const [first] = questions
    if (first === undefined) throw new Error('Nothing was asked.')
    return {
      snapshot: {
        ...snapshotOf(tables, first.metric, null),
        gaps: questions.reduce((sum, { metric }) => sum + gapsOf(tables, metric), 0),
      },
      values: questions.map((one) => wholeValue(tables, one)),
    }
  }

  async readKept({ keepers, key, from, to, pin, limit }: KeptQuestion): Promise<KeptAnswer> {
    const tables = this.#warehouse.committed
    const [first] = keepers
    if (first === undefined) throw new Error('Nothing was asked.')
    const kept = keepers.map((keeper) =>
      layerRows(tables, keeper, pin)
        .filter(({ bucket }) => (from === null || bucket >= from) && (to === null || bucket < to))
        .filter((row) => key === null || holds(keeper, { dimension: refOf(keeper), value: key }, row))
        .map(keptOf(keeper)),
    )
    return {
      snapshot: {
        ...snapshotOf(tables, first, pin),
        gaps: keepers.reduce((sum, keeper) => sum + gapsOf(tables, keeper), 0),
      },
      events: kept.flatMap((events) => events.slice(0, limit)),
      isCut: kept.some((events) => events.length > limit),
    }
  }

  async read(question: StatesQuestion) {
    const tables = this.#warehouse.committed
    const { metric, pin, offset, limit } = question
    const all = cellsIn(tables, question)
    const { cells, leftOut } = question.top == null ? { cells: all, leftOut: 0 } : greatestCells(all, question.top)
    const page = cells.slice(offset, offset + limit)
    // As SQL says it: in the rows of the page.
    return { snapshot: snapshotOf(tables, metric, pin), cells: page, leftOut: page.length === 0 ? 0 : leftOut }
  }
}

/** All cells of an answer, as the tables stand. */
export const cellsIn = (tables: Committed, question: StatesQuestion): AnsweredCell[] =>
  answeredCells(question, layerRows(tables, question.metric, question.pin))

/** The latest version of each ref, deleting ones too, as the tables stand. */
export const latestIn = (tables: Committed, versions: MetricData): Version[] =>
  latestVersions(layerRows(tables, versions, null)).map(versionOf(versions))

const wholeValue = (tables: Committed, question: WholeQuestion): WholeValue =>
  answeredCells(asStatesQuestion(question), layerRows(tables, question.metric, null))[0] ?? null

const versionOf =
  ({ by: [ref] }: MetricData) =>
  ({ dims: [own], component, value, body }: StateRow): Version => {
    if (body === undefined) throw new Error(`The version ${component} says nothing.`)
    return { ref: typed(ref, own ?? null) ?? '', component, isDeleted: value === 0, body }
  }

const keptOf =
  ({ name, by: [key] }: MetricData) =>
  ({ dims: [own], component, body }: StateRow): KeptEvent => {
    if (body === undefined) throw new Error(`The event ${component} says nothing.`)
    return { keeper: name, key: typed(key, own ?? null) ?? '', component, body }
  }

const isSame = (a: StatesLoad, b: StatesLoad): boolean =>
  a.metric.name === b.metric.name &&
  a.metric.version === b.metric.version &&
  a.slot === b.slot &&
  a.datasetId === b.datasetId &&
  a.manifestUri === b.manifestUri

const isOf =
  ({ name, version }: MetricData) =>
  (row: { readonly metric: string; readonly metricVersion: string }): boolean =>
    row.metric === name && row.metricVersion === version

const liveDataset = ({ control }: Committed): string => control[0]?.liveDatasetId ?? ''

const marksOf = ({ mark }: Committed, datasetId: string): Map<string, string> =>
  new Map(mark.filter((row) => row.datasetId === datasetId).map((row) => [row.shardId, row.mark]))

/** Where a dataset stands: the other slot may hold rows of it from before. */
const slotsOf = ({ control }: Committed, datasetId: string): Slot[] =>
  slots.filter((slot) => control[0]?.slots[slot].datasetId === datasetId)

const batchStates = (
  tables: Committed,
  metric: MetricData,
  inSlots: readonly Slot[],
  datasetId: string,
): readonly StateRow[] => {
  if (!tables.metricTable.some(isOf(metric)))
    throw new TransactionFailed('memory-read', `relation "${metric.name}_${metric.version}" does not exist`)
  const isOwn = isOf(metric)
  return tables.batchRows
    .filter((row) => isOwn(row) && inSlots.includes(row.slot) && row.datasetId === datasetId)
    .flatMap(({ states }) => states)
}

/** A metric's states on both sides of the tidemark: the live dataset's, and speed's above its marks. */
const layerRows = (tables: Committed, metric: MetricData, pin: Pin | null): LayerRow[] => {
  const datasetId = pin?.datasetId ?? liveDataset(tables)
  const marks = marksOf(tables, datasetId)
  const isAbove = ({ shardId, edge }: Committed['speedRows'][number]): boolean => {
    const mark = marks.get(shardId)
    const position = pin === null ? edge : (pin.positions[shardId] ?? '')
    return (mark === undefined || edge > mark) && edge <= position
  }
  const isOwn = isOf(metric)
  const rows = batchStates(tables, metric, slotsOf(tables, datasetId), datasetId).map(
    (row): LayerRow => ({ ...row, layer: 'batch' }),
  )
  for (const row of tables.speedRows)
    if (isOwn(row) && isAbove(row)) for (const state of row.states) rows.push({ ...state, layer: 'speed' })
  return rows
}

/** See `gapsSql`: a live dataset without the version, shards that run none with it, and shards that began it above the mark. */
export const gapsOf = (tables: Committed, metric: MetricData): number => {
  const live = liveDataset(tables)
  const marks = marksOf(tables, live)
  const isOwn = isOf(metric)
  const isHeld = tables.datasetMetric.some((row) => row.datasetId === live && isOwn(row))
  const lineUps = new Set(tables.definition.filter(isOwn).map(({ lineUp }) => lineUp))
  const without = tables.speedPosition.filter(({ lineUp }) => !lineUps.has(lineUp))
  const begun = tables.metricEdge.filter((row) => isOwn(row) && (marks.get(row.shardId) ?? '') < row.edge)
  return (live !== '' && !isHeld ? 1 : 0) + without.length + begun.length
}

const snapshotOf = (tables: Committed, metric: MetricData, pin: Pin | null): Snapshot => {
  const datasetId = pin?.datasetId ?? liveDataset(tables)
  const known = sides.get(tables)
  const standing = known?.datasetId === datasetId ? known : sidesOf(tables, datasetId)
  sides.set(tables, standing)
  return { ...standing, gaps: gapsOf(tables, metric) }
}

/** What stands committed never changes: what is the same for all metrics is made once of it. */
const sides = new WeakMap<Committed, Omit<Snapshot, 'gaps'>>()

const sidesOf = (tables: Committed, datasetId: string): Omit<Snapshot, 'gaps'> => {
  const inSlots = slots.flatMap((slot) => tables.control[0]?.slots[slot] ?? [])
  const committed = tables.speedEdge.map(({ committedAt }) => committedAt)
  return {
    servingVersion: tables.model[0]?.servingVersion ?? '',
    datasetId,
    loaded: new Set(inSlots.filter(({ state }) => state === 'loaded').map((slot) => slot.datasetId)),
    marks: Object.fromEntries(marksOf(tables, datasetId)),
    positions: Object.fromEntries(tables.speedPosition.map(({ shardId, position }) => [shardId, position])),
    pruned: Object.fromEntries(tables.pruned.map(({ shardId, prunedTo }) => [shardId, prunedTo])),
    exclusions: {
      batch: tables.dataset.find((row) => row.datasetId === datasetId)?.exclusions ?? null,
      speed: tables.exclusionEdge.toSorted((a, b) => (a.above < b.above ? -1 : 1)),
    },
    sealedAt: isoTime(tables.dataset.find((row) => row.datasetId === datasetId)?.sealedAt),
    committedAt: isoTime(committed.length === 0 ? undefined : Math.max(...committed)),
  }
}

const isoTime = (epochMs: number | undefined): string | null =>
  epochMs === undefined ? null : new Date(epochMs).toISOString()
