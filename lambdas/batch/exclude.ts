import { type ExclusionRequest, type ExclusionSet, readExclusion } from '../../core/exclusion.ts'
import { Problem } from '../../core/problem.ts'
import { exclusionRequestKey, exclusionsKey, latestExclusionsKey } from '../../stores/archive/exclusions.ts'
import { type ExclusionEntry, entriesAt, newestRevision } from '../../stores/ledger/exclusion-ledger.ts'
import { TransactionFailed, TransactionUnknown } from '../../stores/warehouse/warehouse.ts'
import type { Batch } from './batch.ts'

export interface ExcludeRequest {
  /** Unique: the same request tried again makes no second exclusion. */
  readonly requestId: string
  /** An `ExclusionRequest` of core/exclusion.ts, unchecked. */
  readonly exclusion: unknown
  /** Whether all events of the type may be meant. */
  readonly everything?: boolean
  readonly reason: string
  readonly by: string
}

export interface UndoRequest {
  readonly id: number
  readonly reason: string
  readonly by: string
}

export interface InForce {
  /** 0: nothing was ever excluded. */
  readonly revision: number
  /** Shard to its recorded position: speed counts the records above it under the revision. */
  readonly recorded: Readonly<Record<string, string>>
}

/**
 * Excludes events from here on. What was counted already is healed by replay and recompute.
 * @throws Problem invalid_exclusion, excludes_everything
 */
export const exclude = async (batch: Batch, request: ExcludeRequest): Promise<InForce & { readonly id: number }> => {
  const { requestId, reason, by } = request
  if (!/^[\w-]{8,64}$/.test(requestId)) throw new Problem('invalid_exclusion', 400, `${requestId} is no request's id.`)
  refuseSilence(reason, by)
  const exclusion = readExclusion(request.exclusion, batch.model, request.everything === true)
  await batch.archive.putJson(exclusionRequestKey(requestId), exclusion)
  const id = await batch.exclusions.add({
    ...{ requestId, eventType: exclusion.eventType, definition: definitionOf(exclusion) },
    ...{ reason, by, madeAt: batch.now() },
  })
  return { id, ...(await enforceExclusions(batch)) }
}

/** Takes an exclusion back, from here on. @throws Problem unknown_exclusion */
export const undoExclusion = async (
  batch: Batch,
  { id, reason, by }: UndoRequest,
): Promise<InForce & { id: number }> => {
  refuseSilence(reason, by)
  const isWhole = Number.isSafeInteger(id) && id > 0
  const revision = isWhole ? await batch.exclusions.undo(id, { reason, by, at: batch.now() }) : null
  if (revision === null)
    throw new Problem('unknown_exclusion', 404, `There is no exclusion ${id}; \`tidemark exclude --list\` lists them.`)
  return { id, ...(await enforceExclusions(batch)) }
}

/** All exclusions there ever were, newest first, and what is in force. */
export const listExclusions = async ({ exclusions }: Batch) => {
  const [entries, revision, stretches] = await Promise.all([
    exclusions.entries(),
    exclusions.inForce(),
    exclusions.stretches(),
  ])
  const inForce = new Set(entriesAt(entries, revision).map(({ id }) => id))
  return {
    revision,
    exclusions: entries
      .map(({ definition, ...entry }) => ({ ...entry, inForce: inForce.has(entry.id), ...JSON.parse(definition) }))
      .reverse(),
    stretches,
  }
}

/**
 * Brings the newest revision into force: its set is written, then it is what new shards begin with, then each shard
 * takes it where it stands. Any step of it may be done twice, and whoever comes next ends what was interrupted.
 */
export const enforceExclusions = async (batch: Batch): Promise<InForce> => {
  const { exclusions, ledger } = batch
  const entries = await exclusions.entries()
  const registered = newestRevision(entries)
  if (registered === 0) return { revision: 0, recorded: {} }
  if ((await exclusions.inForce()) < registered) {
    await writeSet(batch, entries, registered)
    await exclusions.enforce(registered)
  }
  // A later one may be in force since the entries were read; nobody wrote the set of the one that it overtook.
  const revision = await exclusions.inForce()
  await batch.archive.putNewest(latestExclusionsKey, { revision })
  for (const shardId of Object.keys(await ledger.speedPositions())) await enforceIn(batch, shardId, revision)
  const stretches = (await exclusions.stretches()).filter((stretch) => stretch.revision === revision)
  return { revision, recorded: Object.fromEntries(stretches.map(({ shardId, above }) => [shardId, above])) }
}

/** The same bytes whoever writes it: what a revision leaves out stands in the ledger and in the requests. */
const writeSet = async ({ archive }: Batch, entries: readonly ExclusionEntry[], revision: number): Promise<void> => {
  const exclusions = await Promise.all(
    entriesAt(entries, revision).map(async ({ id, requestId }) => {
      const request = (await archive.getJson(exclusionRequestKey(requestId))) as ExclusionRequest | null
      if (request === null) throw new Error(`Exclusion ${id} lost its request, ${exclusionRequestKey(requestId)}.`)
      return { id, ...request }
    }),
  )
  await archive.putJson(exclusionsKey(revision), { revision, exclusions } satisfies ExclusionSet)
}

/** A busy shard moves between reading and comparing, again and again. */
const maxAttempts = 20

const enforceIn = async ({ speedLedger }: Batch, shardId: string, revision: number): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    const known = await speedLedger.position(shardId)
    if (known.exclusions >= revision) return
    try {
      await speedLedger.exclude(shardId, known, revision)
      return
    } catch (error) {
      const moved = error instanceof TransactionFailed || error instanceof TransactionUnknown
      if (!moved || attempt === maxAttempts) throw error
    }
  }
}

const refuseSilence = (reason: string, by: string): void => {
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > 1000)
    throw new Problem('invalid_exclusion', 400, 'Say why, in 1 to 1000 characters (--reason).')
  if (typeof by !== 'string' || by.trim() === '' || by.length > 100)
    throw new Problem('invalid_exclusion', 400, 'Say who it is that asks, in 1 to 100 characters (--by).')
}

/** To be read by people: long lists of ids stand in S3. */
const definitionOf = ({ from, to, fields, eventIds }: ExclusionRequest): string =>
  JSON.stringify({
    from: from === null ? null : new Date(from).toISOString(),
    to: to === null ? null : new Date(to).toISOString(),
    fields,
    eventIds: eventIds === null ? null : eventIds.length,
  })
