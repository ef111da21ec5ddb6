import { setTimeout as sleep } from 'node:timers/promises'
import type { MetricPage, WindowAnswer } from '../../cli/answers.ts'
import type { Connection } from '../../cli/connection.ts'

const patienceMs = 180_000
const lookEveryMs = 250

/** The last sequence number wanted, padded, by shard. */
export type Places = ReadonlyMap<string, string>

/**
 * Waits until archive, speed table and window have each passed these places. What fails meanwhile is no failure here: it is
 * what the wait is for. @throws where they have not after three minutes, with what is behind and the last error
 */
export const untilCounted = async (connection: Connection, places: Places): Promise<void> => {
  const giveUpAt = performance.now() + patienceMs
  for (
    let behind = await behindIn(connection, places);
    behind.length > 0;
    behind = await behindIn(connection, places)
  ) {
    if (performance.now() > giveUpAt) throw new Error(`Not counted after ${patienceMs / 1000} s: ${behind.join('; ')}.`)
    await sleep(lookEveryMs)
  }
}

const behindIn = async (connection: Connection, places: Places): Promise<string[]> => {
  const looks = [
    look('speed table', places, async () => speedPositions(connection)),
    look('window', places, async () => windowPositions(connection)),
    look('archive', places, async () => archivePositions(connection, places)),
  ]
  return (await Promise.all(looks)).flat()
}

const look = async (
  what: string,
  places: Places,
  positions: () => Promise<Readonly<Record<string, string>>>,
): Promise<string[]> => {
  try {
    const reached = await positions()
    return [...places]
      .filter(([shardId, last]) => (reached[shardId] ?? '') < last)
      .map(([shardId, last]) => `${what} of ${shardId} at ${reached[shardId] ?? 'nothing'}, wanted ${last}`)
  } catch (error) {
    return [`${what}: ${error instanceof Error ? error.message : error}`]
  }
}

const speedPositions = async ({ api }: Connection) =>
  (await api.get<MetricPage>('/v1/metrics/rejected', { per: 'total' })).receipt.positions

const windowPositions = async ({ api }: Connection) =>
  (await api.get<WindowAnswer>('/v1/windows/orders', { last: '1m' })).receipt.positions

const archivePositions = async (connection: Connection, places: Places) => {
  const archive = await connection.archive()
  const reached: Record<string, string> = {}
  for (const [shardId, last] of places) {
    // The object that holds it is listed after its last but one possible place.
    const before = (BigInt(last) - 1n).toString().padStart(last.length, '0')
    for await (const object of archive.listRaw(shardId, before)) reached[shardId] = object.last
  }
  return reached
}
