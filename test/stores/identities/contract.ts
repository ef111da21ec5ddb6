import fc from 'fast-check'
import { Duplicates } from '../../../core/duplicates.ts'
import { placeInShard } from '../../../core/record.ts'
import type { Claim, Identities } from '../../../stores/identities/identities.ts'

export const windowMs = 600_000
const minute = 60_000
const start = Date.parse('2026-03-01T12:00:00Z')
const shardId = 'shardId-000000000001'

export const claim = (number: number, minutes: number, identity = 'a'): Claim => ({
  identity,
  // As long as Kinesis's.
  place: placeInShard({ sequenceNumber: `49${String(number).padStart(54, '0')}`.padStart(64, '0') }),
  arrivalTime: start + minutes * minute,
})

/** What core's own rule says, over all claims once, in order. */
const ruled = (claims: readonly Claim[]): boolean[] => {
  const duplicates = new Duplicates(windowMs)
  return claims.map(({ identity, place, arrivalTime }) => duplicates.isDuplicate(identity, place, arrivalTime))
}

/** A line's claims, in order; arrival times go back now and then. */
const lines = fc
  .array(fc.record({ identity: fc.constantFrom('a', 'b', 'ÿ☃'), minutes: fc.nat({ max: 50 }) }), {
    minLength: 1,
    maxLength: 40,
  })
  .map((records) => records.map(({ identity, minutes }, at) => claim(at + 1, minutes, identity)))

/** What every memory of identities does. @param empty gives one that holds nothing @param lose empties it under its users */
export const identitiesContract = <Memory extends Identities>(
  empty: () => Promise<Memory>,
  lose: (identities: Memory) => Promise<void>,
): void => {
  let identities: Memory
  beforeEach(async () => {
    identities = await empty()
  })
  afterEach(async () => {
    await identities.close()
  })

  const ask = (claims: readonly Claim[]) => identities.claim(shardId, [], claims)

  it('knows nothing at first, and answers nothing to nothing', async () => {
    expect(await ask([])).toEqual([])
    expect(await ask([claim(1, 0)])).toEqual([false])
  })

  it('finds duplicates within one request and across requests', async () => {
    expect(await ask([claim(1, 0), claim(2, 3), claim(3, 3, 'b')])).toEqual([false, true, false])
    expect(await ask([claim(4, 10), claim(5, 10, 'c'), claim(6, 12, 'b')])).toEqual([true, false, true])
  })

  it('counts from the last first, not from the last duplicate', async () => {
    expect(await ask([claim(1, 0), claim(2, 8), claim(3, 10.5), claim(4, 20.5), claim(5, 20.6)])).toEqual([
      false,
      true,
      false,
      true,
      false,
    ])
  })

  it('answers whoever asks again as it did, and who asks later for earlier records by those before them only', async () => {
    const claims = [claim(5, 0), claim(10, 9), claim(20, 11), claim(21, 12)]
    const answers = [false, true, false, true]
    expect(await ask(claims)).toEqual(answers)
    expect(await ask(claims.slice(1, 2))).toEqual([true])
    expect(await ask(claims.slice(0, 1))).toEqual([false])
    expect(await ask(claims.slice(2))).toEqual([false, true])
    expect(await ask(claims)).toEqual(answers)
  })

  it('answers by the rule, whatever is asked for again and with what bounds', async () => {
    const repeats = fc.array(fc.record({ from: fc.nat({ max: 40 }), length: fc.integer({ min: 1, max: 12 }) }), {
      maxLength: 12,
    })
    let line = 0
    await fc.assert(
      fc.asyncProperty(lines, repeats, async (claims, again) => {
        const shard = `line-${line++}`
        const expected = ruled(claims)
        let reached = 0
        for (const { from, length } of [...again, { from: 0, length: claims.length }]) {
          // In order: who asks from further on than anybody was, asks from there.
          const begin = Math.min(from, reached)
          const batch = claims.slice(begin, begin + length)
          reached = Math.max(reached, begin + batch.length)
          expect(await identities.claim(shard, [], batch)).toEqual(expected.slice(begin, begin + batch.length))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('lets two who ask at once agree', async () => {
    const claims = Array.from({ length: 60 }, (_, at) => claim(at + 1, at / 2, `${at % 7}`))
    const answers = await Promise.all([ask(claims), ask(claims), ask(claims.slice(0, 31)), ask(claims.slice(0, 7))])
    expect(answers[0]).toEqual(ruled(claims))
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0]?.slice(0, 31))
  })

  it('takes back a first that turns out to be none, once what stands before it is known', async () => {
    expect(await ask([claim(20, 12)])).toEqual([false])
    // What could not be asked about in time, is later.
    expect(await ask([claim(10, 5), claim(20, 12), claim(30, 16)])).toEqual([false, true, false])
  })

  it('tells records that one Kinesis record aggregates apart', async () => {
    const { arrivalTime } = claim(1, 0)
    const parts = [0, 1, 2].map((subSequence) => ({
      identity: 'a',
      arrivalTime,
      place: placeInShard({ sequenceNumber: '7'.padStart(64, '0'), subSequence }),
    }))
    expect(await ask(parts)).toEqual([false, true, true])
    expect(await ask(parts.slice(1))).toEqual([true, true])
  })

  it('knows nothing once it was emptied', async () => {
    expect(await ask([claim(1, 0)])).toEqual([false])
    await lose(identities)
    expect(await ask([claim(2, 1), claim(3, 2)])).toEqual([false, true])
  })

  it('keeps shards apart, but for those that a shard came from', async () => {
    await identities.claim('parent', [], [claim(900, 0), claim(901, 5, 'b')])
    expect(await identities.claim('other', [], [claim(1, 1)])).toEqual([false])
    const child = (claims: readonly Claim[]) => identities.claim('child', ['parent', 'forgotten'], claims)
    expect(await child([claim(1, 2), claim(2, 3, 'c'), claim(3, 4, 'b')])).toEqual([true, false, true])
    expect(await child([claim(4, 11), claim(5, 12), claim(6, 13, 'c')])).toEqual([false, true, true])
    const grandchild = await identities.claim('grandchild', ['child', 'parent'], [claim(0, 14), claim(1, 14.5, 'b')])
    expect(grandchild).toEqual([true, true])
  })

  it('takes as many as Lambda hands over', async () => {
    const claims = Array.from({ length: 10_000 }, (_, at) => claim(at + 1, at / 100, `id ${at % 9000}`))
    const answers = await ask(claims)
    expect(answers).toEqual(ruled(claims))
    expect(answers.filter(Boolean)).toHaveLength(0)
    expect(await ask(claims.slice(0, 8000).map((one) => ({ ...one, place: claim(20_000, 0).place })))).toEqual(
      Array.from({ length: 8000 }, () => true),
    )
  })
}
