import { decimal, event, instant, int, metric, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { excluder, readExclusion } from '../../core/exclusion.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import type { RawRecord } from '../../core/record.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const sentAt = '2026-03-01T12:00:00Z'
const record = (fields: object): RawRecord => ({
  shardId: 'shardId-000000000000',
  sequenceNumber: '7'.padStart(64, '0'),
  arrivalTime: Date.parse(sentAt),
  text: JSON.stringify({ type: 'session', ...fields }),
})

const session = event(
  'session',
  {
    device: z
      .object({ os: z.string(), model: z.object({ year: z.int().default(2000) }).nullish(), load: int('%').optional() })
      .optional(),
    meta: z.object({ sentAt: instant(), number: z.int() }),
    parts: z.object({ list: z.array(z.string()) }).nullable(),
    paid: z.object({ total: decimal(2, 'EUR') }).nullable(),
  },
  { id: ['meta.number'], at: 'meta.sentAt', derive: { phone: { boolean: (e) => e.device?.os === 'ios' } } },
)
const definitions = {
  session,
  sessions: metric('sessions', session.count(), {
    by: ['device.os', 'device.model.year', 'phone'],
    per: 'day',
    live: '1h',
  }),
  load: metric('load', session.sum('device.load'), { where: { 'device.os': 'ios' }, per: 'day' }),
  paid: metric('paid', session.max('paid.total'), { where: { 'paid.total': { gte: '1.00 EUR' } }, per: 'day' }),
  models: metric('models', session.countDistinct('device.os', 'device.model.year'), { per: 'day' }),
  parts: metric('parts', session.each('parts.list').count('parts'), { by: ['parts.list', 'device.os'], per: 'day' }),
}
const compiled = (exported: Record<string, unknown> = definitions) =>
  compileDefinitions(exported, hash, {}, { session: 'c0de' })

describe('fields inside of objects', () => {
  const meta = { sentAt, number: 5 }
  const whole = { meta, device: { os: 'ios', model: {}, load: 7 }, parts: { list: ['a', 'b'] }, paid: { total: '1.5' } }

  it('are measured, compared, counted and split by, and identify and date the event', () => {
    const model = compiled()
    const decoded = model.decode(record(whole))
    expect(decoded).toMatchObject({ id: '5', eventTime: Date.parse(sentAt), rejection: null })
    const of = model
      .contributions(decoded, 'batch')
      .map(({ metric: name, dims, component, value }) => [name, dims, component, value])
    expect(of).toEqual(
      expect.arrayContaining([
        ['sessions', ['ios', '2000', 'true'], 'count', 1],
        ['load', [], 'sum', 7],
        ['paid', [], 'max', 150],
        ['models', [], '=["ios","2000"]', 1],
        ['parts', ['a', 'ios'], 'count', 1],
        ['parts', ['b', 'ios'], 'count', 1],
      ]),
    )
    expect(model.liveContributions(decoded)).toHaveLength(1)
  })

  it('are null where the object is missing, which is no reason to reject', () => {
    const model = compiled()
    const decoded = model.decode(record({ meta, parts: null, paid: null }))
    expect(decoded.rejection).toBeNull()
    expect(model.contributions(decoded, 'batch').map(({ metric: name, dims }) => [name, dims])).toEqual([
      ['sessions', [null, null, 'false']],
    ])
  })

  it.each([
    ['lacks a field', { device: {} }, 'device.os: is missing; only a field with .optional() or .default(…) may be'],
    ['is a text', { device: 'ios' }, 'device: Invalid input: expected object, received string'],
    ['is a list', { device: ['ios'] }, 'device: Invalid input: expected object, received array'],
    ['is null where it may only be missing', { device: null }, 'device: Invalid input: expected object, received null'],
    ['holds NUL', { device: { os: 'i\0s' } }, 'device.os holds the character NUL'],
    [
      'has a wrong field deep inside',
      { device: { os: 'i', model: { year: 'x' } } },
      'device.model.year: Invalid input',
    ],
  ])('are named in the reason where their object %s', (_what, fields, detail) => {
    const { rejection } = compiled().decode(record({ meta, parts: null, paid: null, ...fields }))
    expect(rejection).toMatchObject({ reason: 'invalid', detail: expect.stringContaining(detail) })
  })

  it('have columns and parameters with _ for the dot, and their paths beside', () => {
    const { metrics, events } = compiled().data
    expect(metrics.find(({ name }) => name === 'sessions')?.by).toEqual([
      { name: 'device_os', type: 'string', field: 'device.os' },
      { name: 'device_model_year', type: 'integer', field: 'device.model.year' },
      { name: 'phone', type: 'boolean' },
    ])
    expect(events[0]?.fields.map(({ name, kind }) => [name, kind])).toEqual([
      ['id', 'string'],
      ['device', 'object'],
      ['device.os', 'string'],
      ['device.model', 'object'],
      ['device.model.year', 'integer'],
      ['device.load', 'integer'],
      ['meta', 'object'],
      ['meta.sentAt', 'instant'],
      ['meta.number', 'integer'],
      ['parts', 'object'],
      ['parts.list', 'other'],
      ['paid', 'object'],
      ['paid.total', 'decimal'],
    ])
  })

  it('can be what events are excluded by', () => {
    const model = compiled()
    const exclusion = readExclusion({ eventType: 'session', fields: { 'device.os': 'ios' } }, model.data, false)
    const isExcluded = excluder([{ ...exclusion, id: 1 }], model.data)
    expect(isExcluded(model.decode(record(whole)))).toBe(true)
    expect(isExcluded(model.decode(record({ ...whole, device: { os: 'android' } })))).toBe(false)
    expect(() => readExclusion({ eventType: 'session', fields: { device: 'ios' } }, model.data, false)).toThrow(
      'session.device holds no single value',
    )
  })

  const clash = event('clash', {
    device: z.object({ os: z.string() }),
    device_os: z.string(),
    'a.b': z.string(),
    a: z.object({ c: z.string() }),
  })
  const cases: [string, Record<string, unknown>, string][] = [
    [
      'two dimensions of one column',
      { m: metric('m', clash.count(), { by: ['device.os', 'device_os'], per: 'day' }) },
      'Metric m: two dimensions would both be the column device_os (a dot becomes _',
    ],
    [
      'a field called as a path',
      { e: event('e', { 'a.b': z.string(), a: z.object({ b: z.string() }) }) },
      'Event e: a.b is a field and the path of a nested one; rename one.',
    ],
    [
      'an object as a dimension',
      { m: metric('m', clash.count(), { by: ['device' as 'device.os'], per: 'day' }) },
      'Metric m: device is no single value',
    ],
    [
      'a condition on an object',
      { m: metric('m', clash.count(), { where: { device: null } as never, per: 'day' }) },
      'Metric m, where device: it holds no single value',
    ],
    [
      'a column too long',
      {
        m: metric('m', event('long', { [`a${'b'.repeat(40)}`]: z.object({ ['c'.repeat(40)]: z.string() }) }).count(), {
          by: [`a${'b'.repeat(40)}.${'c'.repeat(40)}` as never],
          per: 'day',
        }),
      },
      'is longer than the 63 bytes of a column',
    ],
    [
      'a nested name that every object has',
      { e: event('e', { a: z.object({ constructor: z.string() }) }) },
      "a field can't be called constructor",
    ],
    [
      'an event dated by an object',
      { e: event('e', { a: z.object({ b: instant() }) }, { at: 'a' as 'a.b' }) },
      'a identifies or dates it',
    ],
    [
      'the path through an object that a default stands in for',
      {
        m: metric('m', event('e', { a: z.object({ b: z.string() }).default({ b: 'x' }) }).count(), {
          by: ['a.b'],
          per: 'day',
        }),
      },
      'Metric m: a.b is no field of its event;',
    ],
  ]
  it.each(cases)('%s is refused by name', (_what, exported, message) => {
    expect(() => compiled(exported)).toThrow(message)
  })

  it('leave a field alone whose own name holds a dot', () => {
    const { metrics } = compiled({ m: metric('m', clash.count(), { by: ['a.b', 'a.c'], per: 'day' }) }).data
    expect(metrics.find(({ name }) => name === 'm')?.by).toEqual([
      { name: 'a.b', type: 'string' },
      { name: 'a_c', type: 'string', field: 'a.c' },
    ])
  })
})
