import type { KinesisEventRecord } from '../../core/kinesis-record.ts'
import type { Model } from '../../core/model.ts'
import type { RawRecord } from '../../core/record.ts'
import { archiveEvent } from '../../lambdas/archive/archive.ts'
import { DuplicateCheck } from '../../lambdas/speed/duplicate-check.ts'
import { TableWriter } from '../../lambdas/speed/table.ts'
import { WindowWriter } from '../../lambdas/speed/window.ts'
import type { Archive } from '../../stores/archive/archive.ts'
import { Exclusions, LatestExclusions } from '../../stores/archive/exclusions.ts'
import type { Identities } from '../../stores/identities/identities.ts'
import type { SpeedLedger } from '../../stores/ledger/speed-ledger.ts'
import { LatestModels, LineUps } from '../../stores/models/line-ups.ts'
import type { Models } from '../../stores/models/models.ts'
import type { Stream } from '../../stores/stream/stream.ts'
import type { WindowStore } from '../../stores/window/window.ts'
import { type Actor, interrupted, type Scheduler } from './scheduler.ts'

export const functionNames = ['archive', 'table', 'window'] as const
export type FunctionName = (typeof functionNames)[number]

/** A warm copy of one function, with what it remembers. One invocation at a time. */
export interface Copy {
  readonly actor: Actor
  readonly modelVersion: string
  isBusy: boolean
  readonly invoke: (shardId: string, records: readonly RawRecord[]) => Promise<unknown>
}

/** What the functions reach. */
export interface Reached {
  readonly archive: Archive
  readonly models: Pick<Models, 'model'>
  readonly windows: WindowStore
  readonly identities: Identities
  readonly stream: Pick<Stream, 'shards'>
  readonly speedLedger: (actor: Actor) => SpeedLedger
  readonly now: () => number
  readonly newName: () => string
  /** Told how many events a function could not ask about. */
  readonly onUnchecked: (events: number) => void
}

/** Starts a cold copy of a function: the very code that the Lambda runs, over stores that can be interrupted. */
export const startCopy = (
  name: FunctionName,
  model: Model,
  reached: Reached,
  scheduler: Scheduler,
  number: number,
): Copy => {
  const actor: Actor = { name: `${name}#${number}`, isDead: false, onAbandoned: null }
  return {
    actor,
    modelVersion: model.data.version,
    isBusy: false,
    invoke: handlers[name](model, reached, actor, scheduler),
  }
}

type Handler = (model: Model, reached: Reached, actor: Actor, scheduler: Scheduler) => Copy['invoke']

const handlers: Readonly<Record<FunctionName, Handler>> = {
  archive: (_, { archive }, actor, scheduler) => {
    const store = interrupted(archive, 'archive', actor, scheduler)
    return (_shardId, records) => archiveEvent({ Records: records.map(kinesisRecord) }, store)
  },
  table: (_, reached, actor, scheduler) => {
    const { archive, models, speedLedger, now, onUnchecked } = reached
    const exclusions = new Exclusions(interrupted(archive, 'archive', actor, scheduler))
    const duplicates = duplicateCheck(reached, actor, scheduler, onUnchecked)
    const lineUps = new LineUps(models)
    const writer = new TableWriter({ lineUps, ledger: speedLedger(actor), exclusions, duplicates, now })
    return (shardId, records) => writer.write(shardId, records)
  },
  window: (model, reached, actor, scheduler) => {
    const { archive, models, windows, newName, now, onUnchecked } = reached
    const reading = interrupted(archive, 'archive', actor, scheduler)
    const exclusions = new LatestExclusions(reading, now)
    const latest = new LatestModels(reading, model.data.version, now)
    const store = interrupted(windows, 'window', actor, scheduler)
    const duplicates = duplicateCheck(reached, actor, scheduler, onUnchecked)
    const writer = new WindowWriter({
      models: latest,
      lineUps: new LineUps(models),
      store,
      exclusions,
      duplicates,
      newEpoch: newName,
    })
    return (shardId, records) => writer.write(shardId, records)
  },
}

/** A producer's retry is told within ten minutes, as on a stage. */
export const duplicatesWindowMs = 600_000

const duplicateCheck = (
  { identities, stream }: Reached,
  actor: Actor,
  scheduler: Scheduler,
  onUnchecked: Reached['onUnchecked'],
): DuplicateCheck => {
  const check = new DuplicateCheck({
    identities: interrupted(identities, 'identities', actor, scheduler),
    stream: interrupted(stream, 'stream', actor, scheduler),
    windowMs: duplicatesWindowMs,
  })
  const checkIfPossible = check.checkIfPossible.bind(check)
  // It is told before the micro-batch commits, since an answer may be compared right after.
  check.checkIfPossible = async (shardId, candidates) => {
    const checked = await checkIfPossible(shardId, candidates)
    onUnchecked(checked.unchecked)
    return checked
  }
  return check
}

/** The record as Lambda hands it over. Text that is null stands for bytes that are not UTF-8. */
const kinesisRecord = ({ shardId, sequenceNumber, arrivalTime, text }: RawRecord): KinesisEventRecord => ({
  eventID: `${shardId}:${BigInt(sequenceNumber)}`,
  kinesis: {
    sequenceNumber: String(BigInt(sequenceNumber)),
    partitionKey: 'k',
    approximateArrivalTimestamp: arrivalTime / 1000,
    data: (text === null ? Buffer.from([0xff, 0xfe]) : Buffer.from(text)).toString('base64'),
  },
})

/** Runs an invocation; it fails for its caller too where its copy is killed or given up on. */
export const invoked = <Answer>(actor: Actor, work: () => Promise<Answer>): Promise<Answer> =>
  new Promise<Answer>((resolve, reject) => {
    actor.onAbandoned = reject
    work()
      .then(resolve, reject)
      .finally(() => {
        actor.onAbandoned = null
      })
  })
