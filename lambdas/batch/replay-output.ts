import { Problem } from '../../core/problem.ts'
import { bucketText } from '../../core/zoned-metric.ts'
import { revisionBelow } from '../../stores/ledger/exclusion-ledger.ts'
import type { OutputDifference, OutputShard } from '../../stores/ledger/replay-outputs.ts'
import { TransactionFailed } from '../../stores/warehouse/warehouse.ts'
import type { Batch } from './batch.ts'
import { countChunk, maxChunkRecords, newestChunk } from './recount.ts'
import { replayPlan } from './replay.ts'

const nameForm = /^[a-z][a-z0-9-]{0,39}$/

/** All outputs, a row a shard. */
export const listOutputs = async ({ outputs }: Batch): Promise<{ outputs: OutputShard[] }> => ({
  outputs: await outputs.all(),
})

/**
 * Begins a replay that is written beside what is served: nothing that is answered changes by it.
 * @throws Problem invalid_output_name, output_exists, nothing_to_replay
 */
export const beginOutput = async (batch: Batch, name: string): Promise<{ shards: OutputShard[] }> => {
  if (!nameForm.test(name))
    throw new Problem(
      'invalid_output_name',
      400,
      `"${name}" can't name an output: it must be lower-case letters, digits and hyphens, at most 40, a letter first.`,
    )
  if ((await batch.outputs.all()).some((shard) => shard.name === name)) throw exists(name)
  const begunAt = batch.now()
  const outputId = batch.unique()
  const shards: OutputShard[] = []
  for (const { shardId, from, to } of (await replayPlan(batch, null)).shards) {
    const known = await batch.speedLedger.position(shardId)
    const { lineUp } = known
    const exclusions = revisionBelow(to, { shardId, ...known }, await batch.exclusions.stretches())
    if (to > from) shards.push({ outputId, name, shardId, from, to, reached: to, lineUp, exclusions, begunAt })
  }
  if (shards.length === 0)
    throw new Problem('nothing_to_replay', 409, 'No speed row stands above the datasets in the slots that is archived.')
  await batch.outputs.begin(shards)
  const begun = (await batch.outputs.all()).filter((shard) => shard.name === name)
  if (begun.some((shard) => shard.outputId !== outputId)) throw exists(name)
  return { shards: begun }
}

const exists = (name: string): Problem =>
  new Problem(
    'output_exists',
    409,
    `There is an output ${name} already: \`tidemark replay --swap ${name}\` serves it, \`tidemark replay --drop ${name}\` removes it.`,
  )

/** How far one shard of an output is written. */
export interface OutputProgress {
  readonly shardId: string
  readonly reached: string
  readonly records: number
  readonly rows: number
  readonly done: boolean
}

/** Writes the newest chunk that an output lacks. @throws Problem unknown_output, output_outdated */
export const writeOutput = async (
  batch: Batch,
  { name, maxRecords = maxChunkRecords }: { readonly name: string; readonly maxRecords?: number },
): Promise<{ progress: OutputProgress | null; done: boolean }> => {
  const next = (await shardsOf(batch, name)).find(({ reached, from }) => reached > from)
  if (next === undefined) return { progress: null, done: true }
  await refuseOutdated(batch, next)
  const { shardId, from, reached } = next
  const chunk = await newestChunk(batch, { shardId, from, to: reached }, { isBare: false, maxRecords })
  const parts = await countChunk(batch, chunk, next)
  await batch.outputs.add(next, { from: chunk.from, parts })
  const rows = parts.reduce((sum, { cells }) => sum + cells.reduce((all, cell) => all + cell.components.size, 0), 0)
  const done = chunk.from <= from
  return { progress: { shardId, reached: chunk.from, records: chunk.records.length, rows, done }, done: false }
}

/** A bucket that differs, and its start as people are told it. */
type ToldDifference = OutputDifference & { readonly start: string }

/** How what is served differs from an output. @throws Problem unknown_output, output_unfinished, output_outdated */
export const compareOutput = async (batch: Batch, name: string): Promise<{ buckets: ToldDifference[] }> => {
  const shards = await shardsOf(batch, name)
  for (const shard of shards) await refuseUnsound(batch, shard)
  const metrics = new Map(batch.model.metrics.map((metric) => [metric.name, metric]))
  const startOf = ({ metric, bucket }: OutputDifference): string =>
    bucketText(metrics.get(metric) ?? { per: 'second' }, bucket)
  const differences = await batch.outputs.compare(shards)
  return { buckets: differences.map((one) => ({ ...one, start: startOf(one) })) }
}

/**
 * Serves an output instead of the rows that it was counted beside, shard by shard, each in one transaction. Run again
 * after it was ended in between, it goes on.
 * @throws Problem unknown_output, output_unfinished, output_outdated
 */
export const swapOutput = async (batch: Batch, name: string): Promise<{ swapped: string[] }> => {
  const shards = await shardsOf(batch, name)
  for (const shard of shards) await refuseUnsound(batch, shard)
  const swapped: string[] = []
  for (const shard of shards) if (await swapShard(batch, shard)) swapped.push(shard.shardId)
  return { swapped }
}

const maxAttempts = 10

/** @returns false where another swap, or a drop, was first */
const swapShard = async (batch: Batch, { outputId, shardId }: OutputShard): Promise<boolean> => {
  for (let attempt = 1; ; attempt++) {
    // Read before the output: whoever changes the rows in between moves the position.
    const known = await batch.speedLedger.position(shardId)
    const shard = (await batch.outputs.all()).find((each) => each.outputId === outputId && each.shardId === shardId)
    if (shard === undefined) return false
    await refuseUnsound(batch, shard)
    try {
      await batch.outputs.swap(known, shard)
      return true
    } catch (error) {
      if (!(error instanceof TransactionFailed) || attempt === maxAttempts) throw error
    }
  }
}

/** Removes an output. @throws Problem unknown_output */
export const dropOutput = async (batch: Batch, name: string): Promise<{ dropped: string }> => {
  const [first] = await shardsOf(batch, name)
  if (first !== undefined) await batch.outputs.drop(first.outputId)
  return { dropped: name }
}

const shardsOf = async ({ outputs }: Batch, name: string): Promise<[OutputShard, ...OutputShard[]]> => {
  const all = await outputs.all()
  const [first, ...rest] = all.filter((shard) => shard.name === name)
  if (first === undefined)
    throw new Problem('unknown_output', 404, `There is no output ${name}.`, {
      allowed: [...new Set(all.map((shard) => shard.name))],
    })
  return [first, ...rest]
}

const refuseUnsound = async (batch: Batch, shard: OutputShard): Promise<void> => {
  if (shard.reached > shard.from)
    throw new Problem(
      'output_unfinished',
      409,
      `${shard.name} is not written down to ${shard.from} in ${shard.shardId}; \`tidemark replay --into ${shard.name}\` goes on with it.`,
    )
  await refuseOutdated(batch, shard)
}

/**
 * An output is the records' count by one model and one revision of the exclusions, whatever is served; and where rows
 * were pruned since, none may come back.
 */
const refuseOutdated = async (batch: Batch, shard: OutputShard): Promise<void> => {
  const { name, shardId, from, to, lineUp, exclusions } = shard
  const known = await batch.speedLedger.position(shardId)
  const revision = revisionBelow(to, { shardId, ...known }, await batch.exclusions.stretches())
  const prunedTo = (await batch.ledger.prunedTo())[shardId] ?? ''
  const because =
    known.lineUp !== lineUp
      ? `it was counted by model ${lineUp}, and ${known.lineUp} is deployed`
      : revision !== exclusions
        ? `it leaves out what revision ${exclusions} of the exclusions does, and what stands above it is counted by ${revision}`
        : prunedTo > from
          ? `it begins at ${from}, and speed rows are pruned up to ${prunedTo}`
          : null
  if (because !== null)
    throw new Problem(
      'output_outdated',
      409,
      `${name} can't take the place of the speed rows of ${shardId} any more: ${because}. \`tidemark replay --drop ${name}\` removes it.`,
    )
}
