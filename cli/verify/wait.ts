import { setTimeout as sleep } from 'node:timers/promises'
import type { Receipt } from '../answers.ts'
import { CommandError } from '../exit.ts'
import type { Progress } from '../progress.ts'
import type { RawFiles } from './raw-files.ts'

type Positions = Pick<Receipt, 'positions'>

/** The archive waits up to a minute for a larger object, so what speed has counted may stand there that much later. */
const archiveWaitMs = 150_000
const archivePollMs = 2000

/**
 * Copies raw objects until they hold every record that the receipts count; answers how many were new.
 * @throws a CommandError where the archive stays behind
 */
export const waitForArchive = async (
  files: RawFiles,
  receipts: readonly Positions[],
  progress: Progress,
): Promise<number> => {
  let fresh = 0
  for (let waitedMs = 0; ; waitedMs += archivePollMs) {
    const behind = shardsBehind(files, receipts)
    if (behind.length === 0) return fresh
    if (waitedMs >= archiveWaitMs)
      throw new CommandError(
        `The archive of ${behind.join(', ')} is ${archiveWaitMs / 1000} s behind what speed has counted; nothing was compared. \`tidemark status\` shows where each part is.`,
      )
    progress.update(`waiting for the archive of ${behind.join(', ')}`)
    await sleep(archivePollMs)
    fresh += await files.refresh()
  }
}

const shardsBehind = (files: RawFiles, receipts: readonly Positions[]): string[] => {
  const behind = receipts.flatMap(({ positions }) =>
    Object.entries(positions)
      .filter(
        ([shard, position]) =>
          Number.parseInt(position || '0', 10) > 0 && position.padStart(64, '0') > (files.reached.get(shard) ?? ''),
      )
      .map(([shard]) => shard),
  )
  return [...new Set(behind)].sort()
}
