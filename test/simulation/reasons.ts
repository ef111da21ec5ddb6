import { manifestKey } from '../../lambdas/batch/batch.ts'
import type { DatasetManifest, Served } from '../../spark/specification.ts'
import type { BucketParity, Parity } from '../../stores/ledger/dataset.ts'
import type { Committed } from '../../stores/warehouse/memory-tables.ts'
import { type IsReached, type Placed, wrongCounts } from './comparisons.ts'
import { WrongAnswer } from './invariants.ts'
import { type Accepted, bucketOf } from './oracle.ts'
import type { World } from './world.ts'

/** All that a comparison's facts rest on: what had been promoted, and of each record what it was counted by. */
interface Standing {
  readonly promotions: number
  readonly counted: ReadonlyMap<Accepted, string>
}

/** Of every dataset all its records as they stood when it was registered; and what was said of it before it was served. */
export class Reasons {
  readonly #world: World
  readonly #atSeal = new Map<string, Standing>()
  /** The datasets that differed by no more than they may, or whose drift an operator accepted. */
  readonly #mayBeServed = new Set<string>([''])
  /** A rollback may bring back what was live before, after a comparison with something else. */
  #promotions = 0
  #live = ''
  #datasets: Committed['dataset'] = []
  #parity: Committed['parity'] = []

  constructor(world: World) {
    this.#world = world
  }

  /**
   * Looks at comparisons that came in; where what is served changed since the seal, the recompute rightly knows nothing.
   * @throws WrongAnswer where a reason is told that isn't so, or not told where nothing else can be one; where a dataset is served that was to be held
   * @returns how many buckets were looked at
   */
  async changed(): Promise<number> {
    const { control, dataset, parity } = this.#world.warehouse.committed
    const live = control[0]?.liveDatasetId ?? ''
    const fresh = this.#freshParity(parity)
    for (const [datasetId, parities] of fresh) if (parities.every(isAllowed)) this.#mayBeServed.add(datasetId)
    if (live !== this.#live) this.#refuseUnheld(live)
    this.#live = live
    if (dataset !== this.#datasets)
      for (const { datasetId } of dataset)
        if (!this.#atSeal.has(datasetId)) this.#atSeal.set(datasetId, this.#standing(datasetId))
    this.#datasets = dataset
    let checked = 0
    for (const [datasetId, parities] of fresh) checked += await this.#check(datasetId, parities)
    return checked
  }

  #freshParity(parity: Committed['parity']): ReadonlyMap<string, readonly Parity[]> {
    const fresh = new Map<string, Parity[]>()
    if (parity === this.#parity) return fresh
    const before = new Set(this.#parity)
    for (const one of parity) if (!before.has(one)) fresh.set(one.datasetId, [...(fresh.get(one.datasetId) ?? []), one])
    this.#parity = parity
    return fresh
  }

  #refuseUnheld(live: string): void {
    this.#promotions++
    const { maxDrift, acceptedDrift } = this.#world
    if (maxDrift > 0 || this.#mayBeServed.has(live) || acceptedDrift.has(live)) return
    throw new WrongAnswer(`${live} is served, though it differs by more than it may`)
  }

  async #check(datasetId: string, parities: readonly Parity[]): Promise<number> {
    const served = await this.#servedAtSeal(datasetId)
    if (Object.keys(served?.unarchived ?? {}).length > 0)
      throw new WrongAnswer(`${datasetId} is told to lack records that the archive holds`)
    if (served === null || !this.#isLoaded(datasetId)) return 0
    const liveMarks = this.#marksOf(this.#live)
    const isReached: IsReached = ({ shardId, sequenceNumber }) => {
      const position = served.positions[shardId]
      return position === undefined || sequenceNumber <= position || sequenceNumber <= (liveMarks.get(shardId) ?? '')
    }
    const placed = this.#placed(datasetId)
    if (!this.#isAsAtSeal(datasetId, placed, isReached)) return 0
    const twins = new Map<string, number>()
    for (const { record } of placed) twins.set(record.identity, (twins.get(record.identity) ?? 0) + 1)
    const seesAll = this.#seesAll(datasetId)
    const isTwin = ({ record }: Placed): boolean => (twins.get(record.identity) ?? 0) > 1
    const sales = parities.find(({ metric }) => metric === 'sales')
    if (sales !== undefined && !this.#world.hasDeployed) {
      const wrong = wrongCounts(sales, placed, isReached, isTwin)
      if (wrong !== null) throw new WrongAnswer(`${datasetId}, sales: ${wrong}`)
    }
    let checked = 0
    for (const { metric, buckets } of parities)
      for (const difference of buckets) {
        if (difference.reasons.includes('definition')) continue
        const inside = placed.filter(({ record }) => bucketOf(metric, record) === difference.bucket)
        const areReached = inside.every(({ record }) => isReached(record))
        const isPlain = seesAll && !inside.some(isTwin)
        const wrong =
          wrongReason(difference, inside, areReached, isTwin) ??
          (isPlain ? untold(difference, inside, areReached) : null)
        if (wrong !== null)
          throw new WrongAnswer(
            `${datasetId}, ${metric}, ${new Date(difference.bucket).toISOString()}: is told to differ as ${difference.reasons.join(', ')}, but ${wrong}`,
          )
        checked++
      }
    return checked
  }

  /** What the recompute was told of what was served, and how far the shards that lagged were; an abandoned seal may write another specification since. */
  async #servedAtSeal(datasetId: string): Promise<Served | null> {
    const manifest = (await this.#world.archive.getJson(manifestKey(datasetId))) as DatasetManifest | null
    return manifest?.apart?.served ?? null
  }

  /** Whether the comparison found the dataset's rows: another one may have taken its slot. */
  #isLoaded(datasetId: string): boolean {
    const [control] = this.#world.warehouse.committed.control
    const { blue, green } = control?.slots ?? {}
    return [blue, green].some((slot) => slot?.datasetId === datasetId && slot.state === 'loaded')
  }

  /** Whether the recompute read all that is served: an increment on what a rollback left does not see what its base left out. */
  #seesAll(datasetId: string): boolean {
    const { control, dataset } = this.#world.warehouse.committed
    const own = dataset.find((one) => one.datasetId === datasetId)
    return own?.kind === 'full' || own?.baseDatasetId === control[0]?.liveDatasetId
  }

  #standing(datasetId: string): Standing {
    const counted = this.#placed(datasetId).map((one) => [one.record, countedText(one)] as const)
    return { promotions: this.#promotions, counted: new Map(counted) }
  }

  /** What speed counts of a shard that lagged, and by what, is no part of the comparison. */
  #isAsAtSeal(datasetId: string, placed: readonly Placed[], isReached: IsReached): boolean {
    const atSeal = this.#atSeal.get(datasetId)
    return (
      atSeal?.promotions === this.#promotions &&
      placed.every((one) => !isReached(one.record) || atSeal.counted.get(one.record) === countedText(one))
    )
  }

  #placed(datasetId: string): Placed[] {
    const { exclusions, accepted, warehouse } = this.#world
    const { dataset } = warehouse.committed
    const revisionOf = (id: string): number => dataset.find((one) => one.datasetId === id)?.exclusions ?? 0
    const [marks, liveMarks] = [this.#marksOf(datasetId), this.#marksOf(this.#live)]
    return accepted
      .filter(({ shardId, sequenceNumber }) => sequenceNumber <= (marks.get(shardId) ?? ''))
      .map((record) => {
        const isBelow = record.sequenceNumber <= (liveMarks.get(record.shardId) ?? '')
        const revision = isBelow ? revisionOf(this.#live) : exclusions.revisionOf(record)
        return {
          record,
          revision,
          here: exclusions.leavesOut(revisionOf(datasetId), record),
          there: exclusions.leavesOut(revision, record),
        }
      })
  }

  #marksOf(datasetId: string): ReadonlyMap<string, string> {
    const { mark } = this.#world.warehouse.committed
    return new Map(mark.filter((one) => one.datasetId === datasetId).map((one) => [one.shardId, one.mark]))
  }
}

const countedText = ({ revision, here, there }: Placed): string => `${revision} ${here} ${there}`

/** Whether a metric that may not differ at all may be promoted: nothing was served of it, or wherever it differs speed was behind, and no more than that. */
const isAllowed = ({ buckets }: Parity): boolean =>
  buckets.every(({ reasons }) => reasons.includes('definition') || reasons.join() === 'behind')

/** What is wrong about a bucket's reasons; null: nothing. */
const wrongReason = (
  { reasons }: BucketParity,
  inside: readonly Placed[],
  areReached: boolean,
  isTwin: (one: Placed) => boolean,
): string | null => {
  if (reasons.includes('excluded') && !inside.some(({ here, there }) => here !== there))
    return 'no exclusion changed there'
  if (reasons.includes('duplicate') && !inside.some(isTwin)) return 'no event came twice there'
  if (reasons.includes('behind') && areReached) return 'all was reached there'
  return null
}

/** What was not told of a bucket without twins, where the recompute saw everything; null: nothing. */
const untold = ({ reasons }: BucketParity, inside: readonly Placed[], areReached: boolean): string | null => {
  if (areReached) return reasons.join() === 'excluded' ? null : 'only exclusions can have changed there'
  if (inside.some(({ here, there }) => here !== there)) return null
  return reasons.join() === 'behind' ? null : 'only what speed had not reached can differ there'
}
