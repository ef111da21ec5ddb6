import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** How far a mapping is in a shard: the last record that is done, and whether it was the shard's last. */
export interface Checkpoint {
  /** Missing where the shard ended without a record. */
  readonly sequenceNumber?: string
  readonly ended: boolean
}

/** One mapping's checkpoints. */
export interface Checkpoints {
  get(shardId: string): Checkpoint | undefined
  ended(): ReadonlySet<string>
  /** Resolves once it is on disk; a crash leaves the old one or the new one, never a mixture. */
  save(shardId: string, checkpoint: Checkpoint): Promise<void>
}

const checkpointFrom = (path: string, text: string): Checkpoint => {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('ended' in value) || typeof value.ended !== 'boolean')
    throw new Error(`${path} is no checkpoint: ${text}`)
  if (!('sequenceNumber' in value)) return { ended: value.ended }
  if (typeof value.sequenceNumber !== 'string') throw new Error(`${path} is no checkpoint: ${text}`)
  return { sequenceNumber: value.sequenceNumber, ended: value.ended }
}

const readAll = async (folder: string): Promise<Map<string, Checkpoint>> => {
  const checkpoints = new Map<string, Checkpoint>()
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json')) continue
    const path = join(folder, name)
    checkpoints.set(name.slice(0, -'.json'.length), checkpointFrom(path, await readFile(path, 'utf8')))
  }
  return checkpoints
}

/**
 * Opens a mapping's checkpoints, one file a shard under `stateDir/UUID`.
 * @throws where a file there is no checkpoint.
 */
export const openCheckpoints = async (stateDir: string, uuid: string): Promise<Checkpoints> => {
  const folder = join(stateDir, uuid)
  await mkdir(folder, { recursive: true })
  const checkpoints = await readAll(folder)
  return {
    get: (shardId) => checkpoints.get(shardId),
    ended: () => new Set([...checkpoints].filter(([, { ended }]) => ended).map(([shardId]) => shardId)),
    save: async (shardId, checkpoint) => {
      const path = join(folder, `${shardId}.json`)
      await writeFile(`${path}.new`, JSON.stringify(checkpoint), { flush: true })
      await rename(`${path}.new`, path)
      checkpoints.set(shardId, checkpoint)
    },
  }
}
