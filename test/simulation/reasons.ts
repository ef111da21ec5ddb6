import type { BucketParity, Parity } from '../../stores/ledger/dataset.ts'
import type { Committed } from '../../stores/warehouse/memory-tables.ts'
import { WrongAnswer } from './invariants.ts'
import { type Accepted, bucketOf } from './oracle.ts'
import type { World } from './world.ts'

/** Where one record of a dataset stands, and what is to become of it. */
interface Placed {
  readonly record: Accepted
  /** The revision of the exclusions that what is served counts it by. */
  readonly revision: number
  /** Whether the dataset leaves it out; whether what is served does. */
  readonly here: boolean
  readonly there: boolean
  /** Whether batch serves it, or speed has reached it. */
  readonly isReached: boolean
}

/** Of every dataset all its records as they stood when it was registered. */
export class Reasons {
  readonly #world: World
  readonly #atSeal = new Map<string, string>()
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
   * @throws WrongAnswer where a reason is told that isn't so, or not told where nothing else can be one
   * @returns how many buckets were looked at
   */
  changed(): number {
    const { control, dataset, parity } = this.#world.warehouse.committed
    const live = control[0]?.liveDatasetId ?? ''
    if (live !== this.#live) this.#promotions++
    this.#live = live
    if (dataset !== this.#datasets)
      for (const { datasetId } of dataset)
        if (!this.#atSeal.has(datasetId)) this.#atSeal.set(datasetId, this.#served(datasetId))
    this.#datasets = dataset
    if (parity === this.#parity) return 0
    const before = new Set(this.#parity)
    const fresh = parity.filter((one) => !before.has(one))
    this.#parity = parity
    let checked = 0
    for (const datasetId of new Set(fresh.map((one) => one.datasetId)))
      checked += this.#check(
        datasetId,
        fresh.filter((one) => one.datasetId === datasetId),
      )
    return checked
  }

  #check(datasetId: string, parities: readonly Parity[]): number {
    if (!this.#isLoaded(datasetId) || this.#served(datasetId) !== this.#atSeal.get(datasetId)) return 0
    const placed = this.#placed(datasetId)
    const twins = new Map<string, number>()
    for (const { record } of placed) twins.set(record.identity, (twins.get(record.identity) ?? 0) + 1)
    const seesAll = this.#seesAll(datasetId)
    const isTwin = ({ record }: Placed): boolean => (twins.get(record.identity) ?? 0) > 1
    let checked = 0
    for (const { metric, buckets } of parities)
      for (const difference of buckets) {
        if (difference.reasons.includes('definition')) continue
        const inside = placed.filter(({ record }) => bucketOf(metric, record) === difference.bucket)
        const wrong = wrongReason(difference, inside, isTwin) ?? (seesAll ? untold(difference, inside, isTwin) : null)
        if (wrong !== null)
          throw new WrongAnswer(
            `${datasetId}, ${metric}, ${new Date(difference.bucket).toISOString()}: is told to differ as ${difference.reasons.join(', ')}, but ${wrong}`,
          )
        checked++
      }
    return checked
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

  /** All that a comparison's facts rest on, as one text. */
  #served(datasetId: string): string {
    return JSON.stringify([
      this.#promotions,
      this.#placed(datasetId).map((one) => ({ ...one, record: one.record.place })),
    ])
  }

  #placed(datasetId: string): Placed[] {
    const { exclusions, accepted, warehouse } = this.#world
    const { control, dataset, mark, speedPosition } = warehouse.committed
    const live = control[0]?.liveDatasetId ?? ''
    const revisionOf = (id: string): number => dataset.find((one) => one.datasetId === id)?.exclusions ?? 0
    const marksOf = (id: string) =>
      new Map(mark.filter((one) => one.datasetId === id).map((one) => [one.shardId, one.mark]))
    const [marks, liveMarks] = [marksOf(datasetId), marksOf(live)]
    const positions = new Map(speedPosition.map(({ shardId, position }) => [shardId, position]))
    return accepted
      .filter(({ shardId, sequenceNumber }) => sequenceNumber <= (marks.get(shardId) ?? ''))
      .map((record) => {
        const { shardId, sequenceNumber } = record
        const isBelow = sequenceNumber <= (liveMarks.get(shardId) ?? '')
        const revision = isBelow ? revisionOf(live) : exclusions.revisionOf(record)
        return {
          record,
          revision,
          here: exclusions.leavesOut(revisionOf(datasetId), record),
          there: exclusions.leavesOut(revision, record),
          isReached: isBelow || sequenceNumber <= (positions.get(shardId) ?? ''),
        }
      })
  }
}

/** What is wrong about a bucket's reasons; null: nothing. */
const wrongReason = (
  { reasons }: BucketParity,
  inside: readonly Placed[],
  isTwin: (one: Placed) => boolean,
): string | null => {
  if (reasons.includes('excluded') && !inside.some(({ here, there }) => here !== there))
    return 'no exclusion changed there'
  if (reasons.includes('duplicate') && !inside.some(isTwin)) return 'no event came twice there'
  if (reasons.includes('behind') && inside.every(({ isReached }) => isReached)) return 'all was reached there'
  return null
}

/** What was not told of a bucket of which the recompute saw everything; null: nothing. */
const untold = (
  { reasons }: BucketParity,
  inside: readonly Placed[],
  isTwin: (one: Placed) => boolean,
): string | null => {
  const isPlain = inside.every((one) => one.isReached && !isTwin(one))
  return isPlain && reasons.join() !== 'excluded' ? 'only exclusions can have changed there' : null
}
