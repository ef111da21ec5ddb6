import fc from 'fast-check'
import { Duplicates, identityOf } from '../../core/duplicates.ts'
import type { Decoded, RawRecord } from '../../core/record.ts'
import { placeInShard } from '../../core/record.ts'

const minute = 60_000
const windowMs = 10 * minute
const place = (number: number): string => placeInShard({ sequenceNumber: String(number).padStart(64, '0') })

interface Arrival {
  readonly identity: string
  readonly at: number
}

const answered = (arrivals: readonly Arrival[]): boolean[] => {
  const duplicates = new Duplicates(windowMs)
  return arrivals.map(({ identity, at }, index) => duplicates.isDuplicate(identity, place(index), at))
}

/** The rule as it is written, over every pair. */
const recounted = (arrivals: readonly Arrival[]): boolean[] => {
  const verdicts: boolean[] = []
  for (const [index, { identity, at }] of arrivals.entries())
    verdicts.push(
      arrivals
        .slice(0, index)
        .some((other, n) => !verdicts[n] && other.identity === identity && Math.abs(at - other.at) <= windowMs),
    )
  return verdicts
}

describe('duplicates', () => {
  it('are what a first holds inside the window; past it, another is first', () => {
    const at = (minutes: number): Arrival => ({ identity: 'a', at: minutes * minute })
    expect(answered([at(0), at(6), at(10), at(12), at(16), at(22.001)])).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ])
  })

  it('are of one identity', () => {
    expect(answered(['a', 'b', 'a', 'c', 'b'].map((identity) => ({ identity, at: 0 })))).toEqual([
      false,
      false,
      true,
      false,
      true,
    ])
  })

  it('follow the rule, also where arrival times go back', () => {
    const one = fc.record({ identity: fc.constantFrom('a', 'b', 'c'), at: fc.nat({ max: 60 }) })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 60 }), (minutes) => {
        const arrivals = minutes.map(({ identity, at }) => ({ identity, at: 1_700_000_000_000 + at * minute }))
        expect(answered(arrivals)).toEqual(recounted(arrivals))
      }),
    )
  })

  it('are answered alike when a record comes again', () => {
    const duplicates = new Duplicates(windowMs)
    const ask = (number: number): boolean => duplicates.isDuplicate('a', place(number), 0)
    expect([ask(1), ask(2), ask(1), ask(2)]).toEqual([false, true, false, true])
  })

  it('have their firsts in the shards that theirs came from, and in no sibling', () => {
    const [left, right] = [new Duplicates(windowMs), new Duplicates(windowMs)]
    expect(left.isDuplicate('a', place(7), 0)).toBe(false)
    expect(right.isDuplicate('a', place(8), minute)).toBe(false)
    const merged = new Duplicates(windowMs, [left, right])
    // Whatever the numbers: a shard's records are all later than its parents'.
    expect(merged.isDuplicate('a', place(2), 2 * minute)).toBe(true)
    const grandchild = new Duplicates(windowMs, [merged])
    expect(grandchild.isDuplicate('a', place(1), 11 * minute)).toBe(true)
    expect(grandchild.isDuplicate('a', place(2), 12 * minute)).toBe(false)
  })

  it('are forgotten once arrival times are more than an hour past them', () => {
    const duplicates = new Duplicates(windowMs)
    const ask = (number: number, minutes: number): boolean =>
      duplicates.isDuplicate('a', place(number), minutes * minute)
    expect([ask(1, 0), ask(2, 60), ask(3, 5), ask(4, 180), ask(5, 6)]).toEqual([false, false, true, false, false])
  })
})

describe('an identity', () => {
  const record: RawRecord = { shardId: 's', sequenceNumber: '7'.padStart(64, '0'), arrivalTime: 5, text: '' }
  const decoded: Decoded = { type: 'sale', id: 'x', eventTime: 1, row: {}, place: '', rejection: null }

  it('is type, id and event time', () => {
    const identities = [
      decoded,
      { ...decoded, type: 'sales' },
      { ...decoded, id: 'y' },
      { ...decoded, eventTime: 2 },
    ].map((one) => identityOf(record, one))
    expect(new Set(identities).size).toBe(4)
    expect(identityOf({ ...record, sequenceNumber: '8'.padStart(64, '0') }, decoded)).toBe(identities[0])
  })

  it('is none where only the place in the stream is known', () => {
    expect(identityOf(record, { ...decoded, id: `s/${record.sequenceNumber}` })).toBeNull()
    expect(identityOf(record, { ...decoded, rejection: { reason: 'not_json', detail: '' } })).toBeNull()
  })
})

describe('a place', () => {
  it('sorts as the stream does, aggregated records too', () => {
    const sequenceNumber = '7'.padStart(64, '0')
    const places = [0, 1, 9, 10, 400].map((subSequence) => placeInShard({ sequenceNumber, subSequence }))
    places.push(place(8))
    expect([...places].sort()).toEqual(places)
  })
})
