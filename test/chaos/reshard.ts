import { setTimeout as sleep } from 'node:timers/promises'
import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  type Shard,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'

/** Splits one open shard in two halves of its keys. Answers what became of what. */
export const split = async (kinesis: KinesisClient, StreamName: string, random: () => number): Promise<string> => {
  const open = await openShards(kinesis, StreamName)
  const shard = open[Math.floor(random() * open.length)]
  if (shard === undefined) throw new Error(`${StreamName} has no open shard to split.`)
  const { start, end } = rangeOf(shard)
  const NewStartingHashKey = String((start + end) / 2n)
  await kinesis.send(new SplitShardCommand({ StreamName, ShardToSplit: shard.ShardId, NewStartingHashKey }))
  await untilActive(kinesis, StreamName)
  return `split of ${shard.ShardId}`
}

/** Merges two open shards whose keys adjoin. */
export const merge = async (kinesis: KinesisClient, StreamName: string, random: () => number): Promise<string> => {
  const open = (await openShards(kinesis, StreamName)).sort((a, b) => (rangeOf(a).start < rangeOf(b).start ? -1 : 1))
  const at = Math.floor(random() * (open.length - 1))
  const [first, second] = [open[at], open[at + 1]]
  if (first === undefined || second === undefined) throw new Error(`${StreamName} has no two open shards to merge.`)
  const AdjacentShardToMerge = second.ShardId
  await kinesis.send(new MergeShardsCommand({ StreamName, ShardToMerge: first.ShardId, AdjacentShardToMerge }))
  await untilActive(kinesis, StreamName)
  return `merge of ${first.ShardId} and ${second.ShardId}`
}

const openShards = async (kinesis: KinesisClient, StreamName: string): Promise<Shard[]> => {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }))
  return Shards.filter(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined)
}

const rangeOf = ({ HashKeyRange }: Shard) => ({
  start: BigInt(HashKeyRange?.StartingHashKey ?? 0),
  end: BigInt(HashKeyRange?.EndingHashKey ?? 0),
})

const untilActive = async (kinesis: KinesisClient, StreamName: string): Promise<void> => {
  for (;;) {
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }))
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return
    await sleep(200)
  }
}
