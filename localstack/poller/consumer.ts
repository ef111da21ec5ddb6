import { startableShards } from './lineage.ts'
import { consumeShard, type ShardContext } from './shard.ts'
import { signal } from './signal.ts'

/** One mapping's work on all shards of its stream. */
export interface MappingConsumer {
  /** Resolves once each shard's work is over. */
  readonly done: Promise<void>
}

/**
 * Works on each shard of a mapping's stream, parents before children, looking for new shards every `refreshMs` and whenever one
 * has ended, until `context.stopping`.
 */
export const consumeMapping = (context: ShardContext, refreshMs: number): MappingConsumer => {
  const active = new Map<string, Promise<void>>()
  const woken = signal()
  context.stopping.addEventListener('abort', woken.raise, { once: true })

  const work = async (shardId: string) => {
    try {
      await consumeShard(context, shardId)
    } catch (error) {
      // Started again by the next look at the stream.
      context.log(`${context.mapping.functionName} ${shardId}: stopped by ${error}; begins again at its checkpoint`)
      await woken.wait(refreshMs)
    } finally {
      active.delete(shardId)
      woken.raise()
    }
  }

  const startNew = async () => {
    const listed = await context.services.listShards(context.mapping.streamArn)
    const ended = context.checkpoints.ended()
    if (context.stopping.aborted) return
    for (const shardId of startableShards(listed, new Set(active.keys()), ended)) active.set(shardId, work(shardId))
  }

  const watch = async () => {
    while (!context.stopping.aborted) {
      try {
        await startNew()
      } catch (error) {
        context.log(`${context.mapping.functionName}: can't list the shards of ${context.mapping.streamArn}: ${error}`)
      }
      if (!context.stopping.aborted) await woken.wait(refreshMs)
    }
    await Promise.all(active.values())
  }

  return { done: watch() }
}
