import { type Candidate, DuplicateCheck } from '../../../lambdas/speed/duplicate-check.ts'
import { MemoryIdentities } from '../../../stores/identities/memory.ts'
import type { StreamShard } from '../../../stores/stream/stream.ts'
import { duplicatesWindowMs } from './duplicates.ts'

const arrivalTime = Date.parse('2026-03-01T12:00:00Z')
const place = (number: number): string => String(number).padStart(64, '0')
const record = (identity: string, number: number): Candidate => ({ identity, place: place(number), arrivalTime })

/** A function that stays warm: its check lives on from one invocation to the next. */
const warm = (identities: MemoryIdentities, listings: readonly (readonly StreamShard[])[]) => {
  const asked = { times: 0 }
  const shards = async (): Promise<StreamShard[]> => [...(listings[Math.min(asked.times++, listings.length - 1)] ?? [])]
  return { asked, check: new DuplicateCheck({ identities, stream: { shards }, windowMs: duplicatesWindowMs }) }
}

describe("a shard's ancestors", () => {
  const before: StreamShard[] = [{ shardId: 'parent', parentShardIds: [] }]
  const after: StreamShard[] = [...before, { shardId: 'child', parentShardIds: ['parent'] }]
  const identities = () => new MemoryIdentities(duplicatesWindowMs, () => arrivalTime)

  it('are asked for again where the stream did not list the shard yet, so that both functions drop the same twins', async () => {
    const shared = identities()
    const [early, late] = [warm(shared, [before, after]), warm(shared, [after])]
    await late.check.check('parent', [record('a', 1), record('b', 2)])
    // The early one reads the child before the stream lists it.
    expect((await early.check.check('child', [record('c', 3)])).isDuplicate).toEqual([false])
    expect((await late.check.check('child', [record('c', 3)])).isDuplicate).toEqual([false])
    const twins = [record('a', 4), record('b', 5), record('d', 6)]
    for (const { check } of [early, late])
      expect((await check.check('child', twins)).isDuplicate).toEqual([true, true, false])
  })

  it('are asked for once where it lists the shard', async () => {
    const { asked, check } = warm(identities(), [after])
    for (const number of [1, 2, 3]) await check.check('child', [record('a', number)])
    await check.check('parent', [record('a', 4)])
    expect(asked.times).toBe(2)
  })
})
