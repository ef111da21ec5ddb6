import fc from 'fast-check'
import { decimal, event, instant, int, metric, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { loadHash64 } from '../../core/hash.ts'
import type { Model } from '../../core/model.ts'
import { type RawRecord, rejectionReasons } from '../../core/record.ts'

const reading = event(
  'reading',
  {
    sensor: z.string(),
    room: z.string().max(300).nullable(),
    floor: z.int().optional(),
    open: z.boolean().default(false),
    kind: z.enum(['warm', 'cold']),
    level: decimal(3, 'm').nullable(),
    steps: int('steps').optional(),
    takenAt: instant(),
    note: z.any(),
  },
  { id: ['sensor', 'level', 'floor'], at: 'takenAt', accept: { late: '365d' } },
)
const plain = event('plain', { who: z.string().optional() })
const definitions = {
  readings: metric('readings', reading.count(), { by: ['room', 'floor', 'open', 'kind'], per: 'hour', live: '1h' }),
  level: metric('level', reading.sum('level'), { by: ['floor'], per: 'week', where: { level: { gte: '0.5 m' } } }),
  steps: metric('steps', reading.max('steps'), { per: 'month' }),
  sensors: metric('sensors', reading.countDistinct('sensor', 'floor'), { per: 'day', live: '1d' }),
  who: metric('who', plain.countDistinct('who'), { by: ['who'], per: 'year' }),
}

const arrivalTime = Date.parse('2026-03-01T12:00:00Z')
const records = (texts: fc.Arbitrary<string | null>): fc.Arbitrary<RawRecord> =>
  texts.map((text) => ({ shardId: 'shardId-000000000000', sequenceNumber: '7'.padStart(64, '0'), arrivalTime, text }))

const odd = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom<unknown>(
    null,
    '',
    '\0',
    '\ud800',
    'x'.repeat(400),
    `${'x'.repeat(256)} `,
    ' ',
    'a ',
    'a',
    'ü'.repeat(129),
    -0,
    Number.POSITIVE_INFINITY,
    '1e5',
    '-0.000',
    {},
    [],
  ),
)
const orOdd = (usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd })
const times = fc.oneof(
  fc.integer({ min: arrivalTime - 400 * 86_400_000, max: arrivalTime + 7_200_000 }),
  fc.constantFrom(
    '2026-03-01T12:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-03-01T12:00:00.123456+14:00',
    '0001-01-01T00:00:00+23:59',
  ),
)
/** A record of the right shape, each part of which may be something else. */
const shaped = fc
  .record(
    {
      type: orOdd(fc.constantFrom('reading', 'plain', 'constructor', '__proto__')),
      id: orOdd(fc.string()),
      at: orOdd(times),
      who: orOdd(fc.string({ unit: 'grapheme' })),
      sensor: orOdd(fc.string({ unit: 'grapheme' })),
      room: orOdd(fc.option(fc.string())),
      floor: orOdd(fc.integer()),
      open: orOdd(fc.boolean()),
      kind: orOdd(fc.constantFrom('warm', 'cold')),
      level: orOdd(fc.constantFrom<unknown>('1.5', '-3', 0.125, '0.499', null)),
      steps: orOdd(fc.integer()),
      takenAt: orOdd(times),
      note: fc.jsonValue(),
    },
    { requiredKeys: ['type', 'sensor', 'kind', 'level', 'takenAt', 'room'] },
  )
  .map((value) => JSON.stringify(value))
const damaged = fc
  .tuple(shaped, fc.nat(), fc.string({ unit: 'binary' }))
  .map(([text, at, wedge]) => text.slice(0, at % text.length) + wedge + text.slice((at * 7) % text.length))
const bytes = fc.uint8Array().map((raw) => Buffer.from(raw).toString('utf8'))

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

describe('decode', () => {
  let model: Model
  beforeAll(async () => {
    model = compileDefinitions(definitions, await loadHash64())
  })

  it('takes or rejects whatever comes, the same each time, and contributes safe integers only', () => {
    let taken = 0
    const check = (record: RawRecord): void => {
      const decoded = model.decode(record)
      expect(model.decode({ ...record })).toEqual(decoded)
      if (decoded.rejection === null) taken++
      else expect(rejectionReasons).toContain(decoded.rejection.reason)
      const all = [...model.contributions(decoded, 'batch'), ...model.liveContributions(decoded)]
      for (const { value, bucket, dims, component } of all) {
        expect(Number.isSafeInteger(value) && Number.isSafeInteger(bucket)).toBe(true)
        for (const text of [...dims, component, decoded.id]) expect(text ?? '').not.toMatch(/\0/)
        for (const text of dims) expect(Buffer.byteLength(text ?? '')).toBeLessThanOrEqual(256)
        for (const text of [...dims, component]) expect((text ?? '').isWellFormed()).toBe(true)
        for (const text of [...dims, component]) expect(text ?? '').not.toMatch(/ $/)
      }
    }
    fc.assert(fc.property(records(shaped), check), { numRuns: 3000 })
    fc.assert(fc.property(records(damaged), check), { numRuns: 1000 })
    fc.assert(fc.property(records(fc.oneof(bytes, fc.json(), fc.constant(null))), check), { numRuns: 1000 })
    // Some 560 of the first 3000, give or take 22.
    expect(taken).toBeGreaterThan(300)
  })

  it.each([
    ['a type', `{"type":${deep(200_000)}}`, 'unknown_type'],
    ['a field', `{"type":"reading","sensor":${deep(200_000)}}`, 'invalid'],
    ['the record', deep(200_000), 'not_an_object'],
  ])('rejects a record that nests %s deeper than the stack', (_what, text, reason) => {
    const decoded = model.decode({ shardId: 's', sequenceNumber: '7', arrivalTime, text })
    expect(decoded.rejection?.reason).toBe(reason)
  })

  it('lets a field that is never read be nested however deep', () => {
    const text = `{"type":"reading","sensor":"a","room":null,"kind":"cold","level":null,"takenAt":${arrivalTime},"note":${deep(200_000)}}`
    expect(model.decode({ shardId: 's', sequenceNumber: '7', arrivalTime, text }).rejection).toBeNull()
  })
})
