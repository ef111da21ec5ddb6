import { decimal, event, instant, int, metric, secret, sessions, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { sessionsCode } from '../../core/definition/functions.ts'
import type { KeptEvent, Session } from '../../core/folded.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import type { Model } from '../../core/model.ts'
import { sessionFold } from '../../core/session.ts'
import { sessionCells } from '../../core/session-metric.ts'
import { fold } from '../../core/state.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const rider = event('rider', { tripId: z.string(), action: z.enum(['request', 'cancel']) })
const driver = event('driver', { tripId: z.string(), action: z.enum(['accept', 'pickup', 'dropoff']) })
const trip = sessions('trip', [rider, driver], {
  by: 'tripId',
  gap: '30m',
  longest: '2h',
  state: {
    start: 'requested' as 'requested' | 'accepted' | 'riding' | 'done' | 'cancelled',
    step: (state, told) =>
      told.type === 'rider'
        ? told.action === 'cancel'
          ? 'cancelled'
          : state
        : ({ accept: 'accepted', pickup: 'riding', dropoff: 'done' } as const)[told.action],
  },
})
const trips = metric('trips', trip.count('trips'), { where: { closed: true }, by: ['state'], per: 'hour' })
const tripLength = metric('trip_seconds', trip.mean('duration'), { where: { state: 'done' }, per: 'day' })
const definitions = { rider, driver, trip, trips, tripLength }
const code = { [sessionsCode('trip')]: 'x' }
const compiled = (exported: Readonly<Record<string, unknown>> = definitions, codes = code): Model =>
  compileDefinitions(exported, hash, {}, codes)

const minuteMs = 60_000
const noon = Date.parse('2026-01-01T12:00:00Z')

interface Sent {
  readonly type: string
  readonly at: number
  readonly id?: string
  readonly [field: string]: unknown
}

/** As the stream's records would be kept: decoded, counted and merged by the very code of both layers. */
const keptOf = (model: Model, sent: readonly Sent[]): KeptEvent[] => {
  const contributions = sent.flatMap(({ at, ...fields }, place) => {
    const decoded = model.decode({
      shardId: 'shardId-000000000000',
      sequenceNumber: String(place).padStart(56, '0'),
      arrivalTime: noon + 365 * 86_400_000,
      text: JSON.stringify({ ...fields, at: new Date(at).toISOString() }),
    })
    if (decoded.rejection !== null) throw new Error(decoded.rejection.detail)
    return model.contributions(decoded, place % 2 === 0 ? 'speed' : 'batch')
  })
  return fold(contributions.filter(({ body }) => body !== undefined)).flatMap(({ metric: keeper, dims, components }) =>
    [...components].map(([component, { body }]) => ({ keeper, key: dims[0] ?? '', component, body: body ?? '' })),
  )
}

const sentOf = (minutes: number, type: string, action: string, tripId = 't'): Sent => ({
  ...{ type, action, tripId },
  at: noon + minutes * minuteMs,
})

const told = ({ startedAt, lastAt, events, state, isClosed }: Session): unknown[] => [
  (startedAt - noon) / minuteMs,
  (lastAt - noon) / minuteMs,
  events,
  state,
  isClosed,
]
const asOf = (minutes: number): number => noon + minutes * minuteMs

describe('sessions', () => {
  const trip1 = [
    sentOf(0, 'rider', 'request'),
    sentOf(4, 'driver', 'accept'),
    sentOf(9, 'driver', 'pickup'),
    sentOf(25, 'driver', 'dropoff'),
  ]

  it('fold the events of several types in the order of their times, however they came', () => {
    const model = compiled()
    const orders = [trip1, trip1.toReversed(), [2, 0, 3, 1].flatMap((place) => trip1[place] ?? [])]
    for (const order of orders)
      expect(model.sessions('trip').sessions(keptOf(model, order), asOf(26)).map(told)).toEqual([
        [0, 25, 4, 'done', false],
      ])
  })

  it('are as of a time: what came then or later is left out, and they close when the gap has passed', () => {
    const model = compiled()
    const kept = keptOf(model, trip1)
    const at = (minutes: number) => model.sessions('trip').sessions(kept, asOf(minutes)).map(told)
    expect(at(0)).toEqual([])
    expect(at(9)).toEqual([[0, 4, 2, 'accepted', false]])
    expect(at(10)).toEqual([[0, 9, 3, 'riding', false]])
    expect(at(54.9)).toEqual([[0, 25, 4, 'done', false]])
    expect(at(55)).toEqual([[0, 25, 4, 'done', true]])
  })

  it('begin anew where a gap has passed or the longest is reached, and a late event may join two', () => {
    const model = compiled()
    const at = (minutes: readonly number[]) =>
      model
        .sessions('trip')
        .sessions(
          keptOf(
            model,
            minutes.map((minute) => sentOf(minute, 'rider', 'request')),
          ),
          asOf(1000),
        )
        .map((session) => told(session).slice(0, 3))
    expect(at([0, 29.9, 59.9])).toEqual([
      [0, 29.9, 2],
      [59.9, 59.9, 1],
    ])
    expect(at([0, 40])).toEqual([
      [0, 0, 1],
      [40, 40, 1],
    ])
    expect(at([0, 40, 20])).toEqual([[0, 40, 3]])
    expect(at([0, 20, 40, 60, 80, 100, 119, 120, 125])).toEqual([
      [0, 119, 7],
      [120, 125, 2],
    ])
  })

  it('count an event that came twice by its id once, and events without an id each', () => {
    const model = compiled()
    const twice = [
      ...trip1,
      { ...sentOf(26, 'rider', 'cancel'), id: 'a' },
      { ...sentOf(26, 'rider', 'cancel'), id: 'a' },
    ]
    const other = [
      ...twice,
      { ...sentOf(27, 'rider', 'cancel'), id: 'a' },
      sentOf(28, 'rider', 'request'),
      sentOf(28, 'rider', 'request'),
    ]
    const events = (sent: readonly Sent[]) =>
      model
        .sessions('trip')
        .sessions(keptOf(model, sent), asOf(60))
        .map((one) => one.events)
    expect(events(twice)).toEqual([5])
    expect(events(other)).toEqual([8])
  })

  it('give the step each event as rules get it: quantities in their unit, nested fields, what is derived, no secrets', () => {
    const given: object[] = []
    const paid = event(
      'paid',
      {
        shop: z.int(),
        amount: decimal(2, 'EUR').nullable(),
        shippedAt: instant(),
        pin: secret(z.string()),
        place: z.object({ city: z.string(), fee: z.number() }),
        seats: int('seats').optional(),
      },
      { derive: { size: (p) => ((p.amount ?? 0n) > 10_000n ? 'large' : 'small') } },
    )
    const visit = sessions('visit', [paid], {
      by: 'shop',
      gap: '1m',
      longest: '1h',
      state: {
        start: 'none' as string,
        step: (_, one) => {
          given.push(one)
          return `${one.amount} ${one['place.fee']} ${one.size}`
        },
      },
    })
    const model = compiled({ paid, visit }, { paid: 'y', [sessionsCode('visit')]: 'x' })
    const sent = { type: 'paid', id: 'i', shop: 7, amount: '123.45', shippedAt: '2026-01-02T00:00:00Z', pin: '1234' }
    const kept = keptOf(model, [{ ...sent, at: noon, place: { city: 'x', fee: 0.5 } }])
    const [session] = model.sessions('visit').sessions(kept, asOf(1))
    expect(session?.state).toBe('123.45 0.5 large')
    expect(given).toEqual([
      {
        ...{ type: 'paid', id: 'i', at: noon, shop: 7, amount: 123.45, shippedAt: Date.parse('2026-01-02T00:00:00Z') },
        ...{ place: { city: 'x', fee: 0.5 }, 'place.city': 'x', 'place.fee': 0.5, seats: null, size: 'large' },
      },
    ])
    expect(JSON.stringify(kept)).not.toContain('1234')
  })

  it('pass over an event that the step fails on, and say so', () => {
    const failing = sessions('trip', [rider], {
      by: 'tripId',
      gap: '30m',
      longest: '2h',
      state: {
        start: 'none' as string,
        step: (state, { action, at }) => {
          if (action === 'cancel') throw new Error('no')
          return at === noon ? (7 as unknown as string) : `${state}.`
        },
      },
    })
    const model = compiled({ rider, failing })
    const sent = [sentOf(0, 'rider', 'request'), sentOf(1, 'rider', 'cancel'), sentOf(2, 'rider', 'request')]
    const [session] = model.sessions('trip').sessions(keptOf(model, sent), asOf(60))
    expect(session).toMatchObject({
      events: 3,
      state: 'none.',
      failures: ['answered a value of type number, and a state is a text', 'threw: no'],
    })
  })
})

/** By hand: chains without a gap, each cut from its first event on. */
const plainSessions = (times: readonly number[], gapMs: number, longestMs: number): number[][] => {
  const cut = (chain: readonly number[]): number[][] => {
    const [first] = chain
    if (first === undefined) return []
    const own = chain.filter((time) => time < first + longestMs)
    return [own, ...cut(chain.slice(own.length))]
  }
  const sorted = times.toSorted((a, b) => a - b)
  const starts = sorted.flatMap((time, place) =>
    place === 0 || time - (sorted[place - 1] ?? 0) >= gapMs ? [place] : [],
  )
  return starts.flatMap((start, nth) => cut(sorted.slice(start, starts[nth + 1])))
}

describe('sessions of random events', () => {
  const seeds = Array.from({ length: 300 }, (_, seed) => seed)
  const randomOf = (seed: number) => {
    let state = seed * 7919 + 1
    return (below: number): number => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
  }

  it('are what a plain count makes of them, wherever one begins to read', () => {
    const model = compiled()
    for (const seed of seeds) {
      const below = randomOf(seed)
      const [gapMs, longestMs] = [1 + below(20), 20 + below(60)].map((minutes) => minutes * minuteMs) as [
        number,
        number,
      ]
      const times = Array.from({ length: 1 + below(60) }, () => noon + below(below(2) === 0 ? 300 : 3000) * minuteMs)
      const kept = keptOf(
        model,
        times.map((at, nth) => ({ ...sentOf(0, 'rider', 'request'), id: `${nth}`, at })),
      )
      const [data] = model.data.sessions ?? []
      if (data === undefined) throw new Error('no sessions')
      const folded = sessionFold(model.data, { ...data, gapMs, longestMs }, null)
      const end = noon + 10_000 * minuteMs
      const wanted = plainSessions(times, gapMs, longestMs)
      const shortly = (all: readonly Session[]) =>
        all.map(({ startedAt, lastAt, events }) => [startedAt, lastAt, events])
      const whole = wanted.map((own) => [own[0], own.at(-1), own.length])
      expect(shortly(folded.sessions(kept, end))).toEqual(whole)

      const start = noon + below(3000) * minuteMs
      const from = start - gapMs - longestMs
      const read = kept.filter((one) => Number(one.component.slice(3, 18)) >= from - Date.parse('0001-01-01T00:00:00Z'))
      const sure = folded.sure(read, end, { from, start })
      const asked = (all: readonly (readonly (number | undefined)[])[]) =>
        all.filter(([first]) => Number(first) >= start)
      if (sure !== null) expect(asked(shortly(sure))).toEqual(asked(whole))
      // Unsure only where events without a gap reach from before what was read into what is asked for.
      else
        expect(
          plainSessions(times, gapMs, Number.POSITIVE_INFINITY).some(
            (own) => Number(own[0]) < from + gapMs && Number(own.at(-1)) >= start,
          ),
        ).toBe(true)
    }
  })
})

describe('a metric over sessions', () => {
  const session = (fields: Partial<Session>): Session => ({
    ...{ key: 't', startedAt: noon, lastAt: noon + 90_500, events: 2, state: 'done', isClosed: true, failures: [] },
    ...fields,
  })
  const cellsOf = (name: string, all: readonly Session[], asked: object = {}) => {
    const model = compiled()
    const [data] = model.data.sessions ?? []
    const metricData = data?.metrics.find((one) => one.name === name)
    if (data === undefined || metricData === undefined) throw new Error(`no ${name}`)
    const question = {
      metric: metricData,
      per: metricData.per,
      by: [],
      where: [],
      from: null,
      to: null,
      days: { from: null, to: null },
    }
    return sessionCells(model.data, data.key, all, { ...question, ...asked })
  }

  it('measures each at the time it started, where its conditions hold', () => {
    const all = [
      session({}),
      session({ key: 'u', state: 'cancelled', startedAt: noon + 59 * minuteMs }),
      session({ key: 'v', startedAt: noon + 60 * minuteMs, lastAt: noon + 61 * minuteMs }),
      session({ key: 'w', isClosed: false }),
    ]
    expect(cellsOf('trips', all)).toEqual([
      { bucket: noon, dims: [], value: 2n },
      { bucket: noon + 3_600_000, dims: [], value: 1n },
    ])
    expect(cellsOf('trips', all, { by: ['state'], per: null })).toEqual([
      { bucket: null, dims: ['cancelled'], value: 1n },
      { bucket: null, dims: ['done'], value: 2n },
    ])
    expect(cellsOf('trips', all, { where: [{ dimension: 'state', value: 'done' }], from: noon + 3_600_000 })).toEqual([
      { bucket: noon + 3_600_000, dims: [], value: 1n },
    ])
    const keeping = metric('trips', trip.count(), { by: ['state'], keep: { state: ['done'] }, per: 'hour' })
    const { data } = compiled({ ...definitions, trips: keeping })
    const [kept] = (data.sessions?.[0]?.metrics ?? []).filter(({ name }) => name === 'trips')
    expect(cellsOf('trips', all, { metric: kept, by: ['state'], per: null })).toEqual([
      { bucket: null, dims: ['done'], value: 3n },
      { bucket: null, dims: ['other'], value: 1n },
    ])
    // 90 whole seconds, 60 and 90 of one that is open.
    expect(cellsOf('trip_seconds', all)).toEqual([{ bucket: noon - 12 * 3_600_000, dims: [], value: 80_000_000n }])
  })
})

describe('sessions, compiled', () => {
  it('keep each event under a name of their own, and metrics over them keep nothing', () => {
    const { data } = compiled()
    const [described] = data.sessions ?? []
    expect(described).toMatchObject({ name: 'trip', key: { name: 'tripId', type: 'string' }, gapMs: 1_800_000 })
    expect(described?.events.map(({ kept }) => [kept.name, kept.event, kept.per])).toEqual([
      ['trip.rider', 'rider', 'hour'],
      ['trip.driver', 'driver', 'hour'],
    ])
    expect(described?.metrics.map(({ name }) => name)).toEqual(['trip_seconds', 'trips'])
    expect(data.metrics.map(({ name }) => name)).toEqual(['rejected'])
  })

  it('are another version with another gap or step, whose events need not be kept anew', () => {
    const versions = (exported: Readonly<Record<string, unknown>>, codes = code) => {
      const { version, sessions: [one] = [] } = compiled(exported, codes).data
      return {
        model: version,
        own: one?.version,
        kept: one?.events.map(({ kept }) => kept.version),
        metric: one?.metrics[0]?.version,
      }
    }
    const before = versions(definitions)
    const stepped = versions(definitions, { [sessionsCode('trip')]: 'z' })
    const wider = { ...trip, definition: { ...trip.definition, gap: '40m' } }
    const gaps = versions({
      ...definitions,
      trip: wider,
      trips: { ...trips, definition: { ...trips.definition, event: { name: 'trip', definition: wider.definition } } },
      tripLength: undefined,
    })
    for (const after of [stepped, gaps]) {
      expect(after.kept).toEqual(before.kept)
      expect(after.own).not.toBe(before.own)
      expect(after.model).not.toBe(before.model)
    }
    expect(stepped.metric).not.toBe(before.metric)
  })

  const of = (options: object, events: readonly object[] = [rider, driver]) =>
    sessions('trip', events as never, { by: 'tripId', gap: '30m', longest: '2h', ...options } as never)

  it.each([
    ['a gap that is none', { trip: of({ gap: '-5m' }) }, "Sessions trip: gap is '-5m'; write a positive whole number"],
    ['a gap longer than the longest', { trip: of({ gap: '3h' }) }, 'a gap must fit in'],
    ['a key that is no field', { trip: of({ by: 'rideId' }) }, 'its key rideId is no field of event rider'],
    [
      'a key of two kinds',
      { trip: of({}, [rider, event('other', { tripId: z.int() })]) },
      'tripId is a string in rider, and a integer in other',
    ],
    [
      'a key that may be missing',
      { trip: of({}, [event('other', { tripId: z.string().optional() })]) },
      'tripId may be missing in other',
    ],
    ['an event twice', { trip: of({}, [rider, rider]) }, 'event rider is named twice'],
    ['a window', { trip, m: metric('m', trip.count(), { per: 'hour', live: '1h' }) }, 'keep no window'],
    ['sessions that are not exported', { rider, driver, trips }, 'sessions trip are not among the definitions'],
    ['a name twice', { trip, m: metric('trip', rider.count(), { per: 'hour' }) }, 'are called trip; rename one'],
  ])('refuse %s', (_what, exported, message) => {
    expect(() => compiled(exported)).toThrow(message)
  })

  it('refuse a step whose code nothing stands for', () => {
    expect(() => compiled(definitions, {})).toThrow('Sessions trip have a step, and nothing stands for its code')
  })
})
