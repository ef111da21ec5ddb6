import { decimal, event, metric, sessions, z } from 'tidemark'
import { sessionsCode } from '../../../core/definition/functions.ts'
import type { MetricAnswer } from '../../../lambdas/serving/metrics.ts'
import { route, type Serving } from '../../../lambdas/serving/routes.ts'
import type { SessionsAnswer } from '../../../lambdas/serving/sessions.ts'
import { randomOf } from './batch-law.ts'
import { arrival, BatchStage, shardA, shardB } from './batch-stage.ts'

const look = event('look', { visitor: z.string(), page: z.string().nullable() })
const buy = event('buy', { visitor: z.string(), amount: decimal(2, 'EUR') })
const visit = sessions('visit', [look, buy], {
  by: 'visitor',
  gap: '30m',
  longest: '2h',
  state: {
    start: 'looking' as string,
    // Depends on the order.
    step: (state, told) => (told.type === 'buy' ? 'bought last' : state === 'looking' ? state : 'bought'),
  },
})
const definitions = {
  look,
  buy,
  visit,
  looks: metric('looks', look.count('looks'), { per: 'hour' }),
  visits: metric('visits', visit.count('visits'), { by: ['state', 'closed', 'visitor'], per: 'hour' }),
  long_visits: metric('long_visits', visit.count('visits'), {
    where: { duration: { gte: '600 seconds' } },
    per: 'day',
  }),
  visit_length: metric('visit_length', visit.mean('duration'), { where: { closed: true }, by: ['state'], per: 'hour' }),
  visitors: metric('visitors', visit.countDistinct('visitor'), { per: 'day', zone: 'Europe/Paris' }),
}
const code = { [sessionsCode('visit')]: 'x' }

const minuteMs = 60_000
const hourMs = 60 * minuteMs

interface Act {
  readonly id: string
  readonly at: number
  readonly visitor: string
  readonly isBuy: boolean
}

const recordOf = ({ isBuy, at, ...rest }: Act) => ({
  ...{ type: isBuy ? 'buy' : 'look', ...rest, at: new Date(at).toISOString() },
  ...(isBuy ? { amount: '1.50' } : { page: null }),
})

interface PlainVisit {
  readonly visitor: string
  readonly startedAt: number
  readonly lastAt: number
  readonly events: number
  readonly state: string
  readonly closed: boolean
}

/** By the acts alone, each once, however often it came: the last act's kind and whether any before it bought. */
const plainVisits = (acts: readonly Act[], asOf: number): PlainVisit[] => {
  const visits: Act[][] = []
  const once = [...new Map(acts.map((act) => [act.id, act])).values()].filter(({ at }) => at < asOf)
  for (const visitor of new Set(once.map((act) => act.visitor))) {
    const own = once.filter((act) => act.visitor === visitor).toSorted((a, b) => a.at - b.at)
    let open: Act[] = []
    for (const act of own) {
      const [first, last] = [open[0], open.at(-1)]
      if (
        first === undefined ||
        last === undefined ||
        act.at >= last.at + 30 * minuteMs ||
        act.at >= first.at + 2 * hourMs
      ) {
        open = []
        visits.push(open)
      }
      open.push(act)
    }
  }
  return visits.map((own) => {
    const [startedAt, lastAt] = [own[0]?.at ?? 0, own.at(-1)?.at ?? 0]
    return {
      ...{ visitor: own[0]?.visitor ?? '', startedAt, lastAt, events: own.length },
      state: own.some(({ isBuy }) => isBuy) ? (own.at(-1)?.isBuy ? 'bought last' : 'bought') : 'looking',
      closed: asOf >= lastAt + 30 * minuteMs || asOf >= startedAt + 2 * hourMs,
    }
  })
}

const get = <Answer>(stage: BatchStage, path: string, query: Record<string, string> = {}): Promise<Answer> => {
  const { model, states } = stage
  const serving = { model: model.data, building: null, answers: states, now: () => stage.now, code: async () => model }
  return route(serving as unknown as Serving, path, new URLSearchParams(query)) as Promise<Answer>
}

let real: BatchStage
let twin: BatchStage
const onBoth = async (act: (stage: BatchStage) => Promise<unknown>): Promise<void> => {
  for (const stage of [real, twin]) await act(stage)
}
beforeAll(async () => {
  ;[real, twin] = await Promise.all([BatchStage.start(), BatchStage.start('memory')])
  await onBoth((stage) => stage.deploy(definitions, code))
})
afterAll(() => real?.stop())

const iso = (time: number): string => new Date(time).toISOString()
/** A row as text, but for what depends on no session. */
const rowsOf = ({ rows }: Pick<MetricAnswer, 'rows'>) =>
  rows.map(({ bucket, by, value }) => JSON.stringify([bucket, ...Object.values(by), value]))

const counted = (visits: readonly PlainVisit[], rowOf: (visit: PlainVisit) => unknown[]): string[] => {
  const counts = new Map<string, number>()
  for (const one of visits) {
    const key = JSON.stringify(rowOf(one))
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].map(([key, count]) => JSON.stringify([...(JSON.parse(key) as unknown[]), count]))
}

const hourOf = (time: number): string => iso(Math.floor(time / hourMs) * hourMs)
const visitors = ['v1', 'v 2/ä', 'v3', '']

describe('sessions, by batch and speed', () => {
  it('are the same whichever side has their events, as of any time, and so are metrics over them', async () => {
    const random = randomOf(11)
    const below = (limit: number): number => Math.floor(random() * limit)
    const acts: Act[] = []
    /** Most lie close together, so that late ones join what was apart; times of one visitor differ. */
    const some = (): Act => ({
      id: `a${acts.length}`,
      at: arrival - below(600) * 2 * minuteMs - acts.length,
      visitor: visitors[below(visitors.length)] ?? '',
      isBuy: below(5) === 0,
    })
    const send = async (count: number): Promise<void> => {
      const sent = Array.from({ length: count }, () => {
        acts.push(some())
        return acts.at(-1) as Act
      })
      const again = acts.filter(() => below(20) === 0)
      await onBoth(async (stage) => {
        for (const act of [...sent, ...again]) stage.put(act.visitor < 'v2' ? shardA : shardB, recordOf(act))
        await stage.settle()
      })
    }
    const compare = async (): Promise<void> => {
      const moments = [arrival + hourMs, arrival - below(1200) * minuteMs]
      for (const asOf of moments) {
        const wanted = plainVisits(acts, asOf)
        await onBoth(async (stage) => {
          for (const visitor of visitors) {
            const path = `/v1/sessions/visit/${encodeURIComponent(visitor)}`
            const { rows } = await get<SessionsAnswer>(stage, path, { asOf: iso(asOf) })
            expect(rows).toEqual(
              wanted
                .filter((one) => one.visitor === visitor)
                .map(({ startedAt, lastAt, visitor: _, ...rest }) => ({
                  ...{ startedAt: iso(startedAt), lastAt: iso(lastAt), ...rest },
                  duration: Math.floor((lastAt - startedAt) / 1000),
                })),
            )
          }
          const from = arrival - below(20) * hourMs
          const to = from + (1 + below(20)) * hourMs
          const within = wanted.filter(({ startedAt }) => startedAt >= from && startedAt < to)
          const asked = { asOf: iso(asOf), from: iso(from), to: iso(to) }
          const visits = await get<MetricAnswer>(stage, '/v1/metrics/visits', { ...asked, by: 'state,closed,visitor' })
          expect(rowsOf(visits).toSorted()).toEqual(
            counted(within, ({ startedAt, state, closed, visitor }) => [
              hourOf(startedAt),
              state,
              closed,
              visitor,
            ]).toSorted(),
          )
          const open = await get<MetricAnswer>(stage, '/v1/metrics/visits', {
            ...asked,
            where: 'closed=false',
            per: 'total',
          })
          const isOpen = within.filter(({ closed }) => !closed).length
          expect(rowsOf(open)).toEqual(isOpen === 0 ? [] : [`[null,${isOpen}]`])
          const length = await get<MetricAnswer>(stage, '/v1/metrics/visit_length', { asOf: iso(asOf), per: 'total' })
          const seconds = wanted
            .filter(({ closed }) => closed)
            .map(({ startedAt, lastAt }) => Math.floor((lastAt - startedAt) / 1000))
          const [mean] = length.rows
          if (seconds.length > 0)
            expect(Number(mean?.value)).toBeCloseTo(seconds.reduce((a, b) => a + b, 0) / seconds.length, 5)
          else expect(length.rows).toEqual([])
        })
      }
    }
    await send(40)
    await compare()
    await onBoth((stage) => stage.recompute({ full: true }))
    await compare()
    await send(40)
    await compare()
    await onBoth((stage) => stage.recompute())
    await send(20)
    await compare()
    const { receipt } = await get<SessionsAnswer>(real, '/v1/sessions/visit/v3')
    expect(receipt).toMatchObject({
      dataset: expect.any(String),
      sessionsVersion: real.model.data.sessions?.[0]?.version,
    })
  })

  it('count distinct visitors in the days of a zone, and long visits', async () => {
    const acts = [
      // 23:30 and 00:30 in Paris.
      { id: 'z1', at: Date.parse('2025-12-20T22:30:00Z'), visitor: 'z', isBuy: false },
      { id: 'z2', at: Date.parse('2025-12-20T23:30:00Z'), visitor: 'z', isBuy: false },
      { id: 'z3', at: Date.parse('2025-12-20T23:40:00Z'), visitor: 'z', isBuy: true },
      { id: 'y1', at: Date.parse('2025-12-20T23:50:00Z'), visitor: 'y', isBuy: true },
    ]
    await onBoth(async (stage) => {
      for (const act of acts) stage.put(shardA, recordOf(act))
      await stage.settle()
      const visitors = await get<MetricAnswer>(stage, '/v1/metrics/visitors', { from: '2025-12-20', to: '2025-12-22' })
      expect(visitors.rows).toEqual([
        { bucket: '2025-12-20', by: {}, value: 1, exact: true },
        { bucket: '2025-12-21', by: {}, value: 2, exact: true },
      ])
      const long = await get<MetricAnswer>(stage, '/v1/metrics/long_visits', { from: '2025-12-20', to: '2025-12-22' })
      expect(rowsOf(long)).toEqual(['["2025-12-20T00:00:00.000Z",1]'])
    })
  })

  it('are whole where one goes on all the time, wherever a range begins', async () => {
    const from = Date.parse('2025-12-25T00:10:00Z')
    const acts = Array.from({ length: 400 }, (_, nth) => ({
      ...{ id: `b${nth}`, at: from + nth * 7 * minuteMs, visitor: 'bot', isBuy: false },
    }))
    await onBoth(async (stage) => {
      for (const act of acts) stage.put(shardB, recordOf(act))
      await stage.settle()
      const range = { from: '2025-12-26T03:00:00Z', to: '2025-12-26T05:00:00Z', by: 'visitor' }
      const { rows } = await get<MetricAnswer>(stage, '/v1/metrics/visits', range)
      // A visit of 18 events each 2 h 6 min, from 00:10 of the 25th on: the 13th begins at 01:22 and the 14th at 03:28.
      const starts = plainVisits(acts, arrival).map(({ startedAt }) => iso(startedAt))
      expect(starts.filter((start) => start >= '2025-12-26T03' && start < '2025-12-26T05')).toEqual([
        '2025-12-26T03:28:00.000Z',
      ])
      expect(rows).toEqual([{ bucket: '2025-12-26T03:00:00.000Z', by: { visitor: 'bot' }, value: 1, exact: true }])
    })
  })

  it('are answered in pages as of one time, and as the greatest', async () => {
    const asked = { from: '2025-12-20T00:00:00Z', to: '2025-12-26T00:00:00Z', by: 'visitor,closed' }
    await onBoth(async (stage) => {
      const whole = await get<MetricAnswer>(stage, '/v1/metrics/visits', asked)
      expect(whole.next).toBeNull()
      const ever = { from: '0001-01-01', to: '9999-12-31', asOf: '9999-12-31T23:59:59Z', per: 'total' }
      const always = await get<MetricAnswer>(stage, '/v1/metrics/visits', ever)
      expect(always.rows).toEqual((await get<MetricAnswer>(stage, '/v1/metrics/visits', { per: 'total' })).rows)
      const first = await get<MetricAnswer & { asOf: string }>(stage, '/v1/metrics/visits', { ...asked, limit: '2' })
      const { model, states } = stage
      const later = {
        model: model.data,
        building: null,
        answers: states,
        now: () => stage.now + 9 * hourMs,
        code: async () => model,
      }
      const query = new URLSearchParams({ ...asked, cursor: first.next ?? '' })
      const rest = (await route(later as unknown as Serving, '/v1/metrics/visits', query)) as MetricAnswer & {
        asOf: string
      }
      expect([...first.rows, ...rest.rows]).toEqual(whole.rows)
      expect(rest.asOf).toBe(first.asOf)
      const top = await get<MetricAnswer>(stage, '/v1/metrics/visits', {
        ...asked,
        by: 'visitor',
        per: 'total',
        top: '1',
      })
      expect(top).toMatchObject({ rows: [{ by: { visitor: 'bot' } }], top: 1, leftOut: 2 })
    })
  })

  it('refuse what they have not', async () => {
    const code = (path: string, query: Record<string, string> = {}): Promise<unknown> =>
      get(twin, path, query).then(
        () => 'answered',
        (error: { code?: string }) => error.code ?? String(error),
      )
    expect(await code('/v1/metrics/visits', { layer: 'speed' })).toBe('no_layer')
    expect(await code('/v1/windows/visits', { last: '1h' })).toBe('no_window')
    expect(await code('/v1/metrics/visits', { asOf: 'latest' })).toBe('invalid_as_of')
    expect(await code('/v1/sessions/nothing/x')).toBe('unknown_sessions')
    expect(await code('/v1/sessions/visit/x', { from: '2026-01-01' })).toBe('unknown_parameter')
    expect(await code('/v1/sessions/visit/x')).toBe('answered')
    for (let nth = 0; nth <= 10_000; nth++)
      twin.put(shardB, recordOf({ id: `m${nth}`, at: arrival - nth, visitor: 'many', isBuy: false }))
    await twin.settle()
    expect(await code('/v1/sessions/visit/many')).toBe('too_many_events')
    expect(await get(twin, '/v1/sessions')).toMatchObject({
      sessions: [
        { name: 'visit', by: 'visitor', events: ['look', 'buy'], gap: '30m', longest: '2h', start: 'looking' },
      ],
    })
    expect(await get(twin, '/v1/metrics')).toMatchObject({
      metrics: expect.arrayContaining([expect.objectContaining({ name: 'visits', sessions: 'visit', live: null })]),
    })
  })
})
