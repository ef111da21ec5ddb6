import fc from 'fast-check'
import { event, int, metric, secret, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { excluder, readExclusion } from '../../core/exclusion.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import { jsonWithout } from '../../core/json-members.ts'
import { lakeBytes } from '../../core/lake-text.ts'
import type { Decoded, RawRecord } from '../../core/record.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const at = '2026-03-01T12:00:00Z'
const raw = (text: string): RawRecord => ({
  shardId: 'shardId-000000000000',
  sequenceNumber: '7'.padStart(64, '0'),
  arrivalTime: Date.parse(at),
  text,
})
const record = (fields: object): RawRecord => raw(JSON.stringify({ type: 'call', id: '1', at, ...fields }))

let seen: unknown = null
const call = event(
  'call',
  {
    customer: z.string(),
    request: secret(z.strictObject({ query: z.string() })),
    token: secret(z.enum(['open', 'shut'])).nullish(),
    user: z
      .object({ name: z.string(), mail: secret(z.string()) })
      .readonly()
      .nullable(),
  },
  {
    derive: {
      who: (e) => {
        seen = e
        return e.user?.name ?? null
      },
    },
  },
)
const definitions = {
  call,
  calls: metric('calls', call.count('calls'), { by: ['customer', 'who', 'user.name'], per: 'day' }),
}
const compiled = (exported: Record<string, unknown> = definitions) =>
  compileDefinitions(exported, hash, {}, { call: 'c0de' })
const hidden = 'Xq7-hidden'
const whole = { customer: 'c', request: { query: hidden }, token: 'open', user: { name: 'ann', mail: hidden } }

describe('a secret', () => {
  it('is in no row, no contribution and no function’s event', () => {
    const model = compiled()
    const decoded = model.decode(record(whole))
    expect(decoded.rejection).toBeNull()
    expect(model.contributions(decoded, 'batch').map(({ dims }) => dims)).toEqual([['c', 'ann', 'ann']])
    expect(seen).toMatchObject({ customer: 'c', user: { name: 'ann' } })
    for (const value of [decoded, model.contributions(decoded, 'batch'), seen]) {
      expect(JSON.stringify(value)).not.toContain(hidden)
      expect(JSON.stringify(value)).not.toContain('open')
    }
    expect(model.data.events[0]?.fields.filter((field) => field.secret).map(({ name }) => name)).toEqual([
      'request',
      'token',
      'user.mail',
    ])
  })

  it.each([
    ['of another kind', { ...whole, request: hidden }, 'request: is not what its schema asks for'],
    ['with keys that came with the record', { ...whole, request: { query: 'x', [hidden]: 1 } }, 'request: is not what'],
    ['of no enumeration', { ...whole, token: hidden }, 'token: is not what its schema asks for'],
    [
      'inside of an object',
      { ...whole, user: { name: 'a', mail: { [hidden]: 1 } } },
      'user.mail: is not what its schema',
    ],
    ['that is missing', { ...whole, request: undefined }, 'request: is not what its schema asks for'],
  ])('%s rejects its record, and the reason does not tell it', (_what, fields, detail) => {
    const decoded = compiled().decode(record(fields))
    expect(decoded.rejection).toMatchObject({ reason: 'invalid', detail: expect.stringContaining(detail) })
    expect(JSON.stringify(decoded)).not.toContain(hidden)
  })

  it.each([`{"type":"call","request":${hidden}}`, `{"request":"${hidden}"`, `${hidden}`, `"${hidden}" x`])(
    'in a text that is no JSON is not quoted: %s',
    (text) => {
      const decoded = compiled().decode(raw(text))
      expect(decoded.rejection?.reason).toBe('not_json')
      expect(JSON.stringify(decoded)).not.toMatch(/Xq7|hidden|idden/)
    },
  )

  it('leaves the rejections of definitions without one as they were', () => {
    const plain = event('plain', {})
    const model = compiled({ m: metric('m', plain.count(), { per: 'day' }) })
    expect(model.decode(raw('{"a":x}')).rejection?.detail).toContain('"{"a":x}" is not valid JSON')
  })

  it('excludes no events', () => {
    const { data } = compiled()
    for (const field of ['request', 'token', 'user.mail'])
      expect(() => readExclusion({ eventType: 'call', fields: { [field]: hidden } }, data, false)).toThrow(
        `call.${field} is a secret: an exclusion would tell whether an event has a value.`,
      )
    const before = { id: 1, eventType: 'call', from: null, to: null, fields: { token: 'open' }, eventIds: null }
    expect(excluder([before], data)(compiled().decode(record(whole)))).toBe(false)
  })

  const other = event('call', {
    token: secret(z.string()),
    spent: secret(int('cents')),
    list: secret(z.array(z.string())),
    user: z.object({ mail: secret(z.string()) }),
  })
  const of =
    (build: () => object): (() => unknown) =>
    () =>
      compiled({ m: build() })
  const cases: [string, () => unknown, string][] = [
    [
      'a dimension',
      of(() => metric('m', other.count(), { by: ['token' as never], per: 'day' })),
      'Metric m: token is a secret',
    ],
    [
      'a nested dimension',
      of(() => metric('m', other.count(), { by: ['user.mail' as never], per: 'day' })),
      'user.mail is a secret',
    ],
    ['a measure', of(() => metric('m', other.sum('spent' as never), { per: 'day' })), 'Metric m: spent is a secret'],
    [
      'distinct values',
      of(() => metric('m', other.countDistinct('token' as never), { per: 'day' })),
      'token is a secret',
    ],
    ['a list', of(() => metric('m', other.each('list' as never).count(), { per: 'day' })), 'list is a secret'],
    [
      'a condition',
      of(() => metric('m', other.count(), { where: { token: 'x' } as never, per: 'day' })),
      'where token: token is a secret',
    ],
    [
      'an identity',
      () => compiled({ e: event('e', { token: secret(z.string()) }, { id: ['token' as never] }) }),
      'Event e: token is a secret',
    ],
    ['an id of its own', () => compiled({ e: event('e', { id: secret(z.string()) }) }), 'Event e: id is a secret'],
    [
      'inside of a list',
      () => compiled({ e: event('e', { all: z.array(secret(z.string())) }) }),
      'Event e: field all holds a secret inside; make all of it one: secret(…).',
    ],
    [
      'inside of an object in a list',
      () => compiled({ e: event('e', { all: z.array(z.object({ a: secret(z.string()) })) }) }),
      'field all holds a secret inside',
    ],
    [
      'inside of an object with a default',
      () => compiled({ e: event('e', { all: z.object({ a: secret(z.string()) }).default({ a: 'x' } as never) }) }),
      'field all holds a secret inside',
    ],
    ['the type', () => compiled({ e: event('e', { type: secret(z.string()) }) }), 'type names the event'],
  ]
  it.each(cases)('as %s is refused where types were bypassed', (_what, build, message) => {
    expect(build).toThrow(message)
  })

  it('does not make another field of the same schema one', () => {
    const text = z.string()
    const two = event('two', { open: text, shut: secret(text) })
    const { events } = compiled({ m: metric('m', two.count(), { by: ['open'], per: 'day' }) }).data
    expect(events[0]?.fields.map(({ secret: is }) => is ?? false)).toEqual([false, false, false, true].slice(0, 4))
  })
})

describe('the lake', () => {
  const inLake = (text: string | null): { first: Decoded; kept: RawRecord } => {
    const model = compiled()
    const first = model.decode({ ...raw(''), text })
    const { data } = lakeBytes(model.data)(first, { data: text, dataBase64: text === null ? hidden : null })
    return { first, kept: { ...raw(''), text: data, fromLake: true } }
  }
  it.each([
    ['an event', JSON.stringify({ type: 'call', id: '1', at, ...whole, more: [1] })],
    ['an event without what may be missing', JSON.stringify({ type: 'call', at, ...whole, token: null, user: null })],
    [
      'a secret twice, once by another spelling',
      `{"type":"call","at":"${at}","customer":"c","user":null,"request":"${hidden}","re\\u0071uest":{"query":"${hidden}"}}`,
    ],
    [
      'an object twice',
      `{"type":"call","at":"${at}","customer":"c","user":["${hidden}"],"request":{"query":"x"},"user":{"name":"n","mail":"${hidden}"}}`,
    ],
    ['a rejected event', JSON.stringify({ type: 'call', at, ...whole, customer: 5 })],
    ['an event of another year', JSON.stringify({ type: 'call', ...whole, at: '2027-01-01T00:00:00Z' })],
    ['a type unknown', JSON.stringify({ type: 'cal', request: hidden })],
    ['no JSON', `{"request":"${hidden}`],
    ['no text', null],
    ['what looks withheld', JSON.stringify({ withheld: { reason: hidden, detail: hidden, eventType: 'call' } })],
  ])('keeps %s without secrets, and reads the same in it', (_what, text) => {
    const { first, kept } = inLake(text)
    expect(kept.text).not.toContain(hidden)
    expect(kept.text).not.toContain('open')
    const model = compiled()
    expect(model.decode(kept)).toEqual(first)
    // A second time through it changes nothing.
    expect(lakeBytes(model.data)(first, { data: kept.text, dataBase64: null }).data).toBe(kept.text)
  })

  it('keeps all of a record where the definitions have no secret', () => {
    const plain = compiled({ m: metric('m', event('plain', {}).count(), { per: 'day' }) })
    const bytes = { data: '{"type":', dataBase64: null }
    expect(lakeBytes(plain.data)(plain.decode(raw('{"type":')), bytes)).toBe(bytes)
  })
})

describe('JSON without some members', () => {
  it('is what JSON.parse makes of it without them, whatever the rest is', () => {
    const leaf = fc.constantFrom<unknown>('a"]}\\', '{', 1.5, true, null, '', [], {}, ['},{'], '\\')
    const inner = fc.dictionary(fc.constantFrom('a', 'b', 'c"', '\\'), fc.oneof(leaf, fc.jsonValue()))
    const texts = fc.tuple(
      fc.dictionary(fc.constantFrom('a', 'b', 'x'), fc.oneof(leaf, inner)),
      fc.constantFrom(0, 1, 3),
    )
    fc.assert(
      fc.property(texts, ([value, indent]) => {
        const text = JSON.stringify(value, null, indent)
        const found: unknown = JSON.parse(jsonWithout(` ${text} `, [['a'], ['b', 'c"']]))
        // What the text says, not the value it was made of: JSON has no -0 of JavaScript's.
        const { a: _, b, ...rest } = JSON.parse(text) as Record<string, unknown>
        const isObject = typeof b === 'object' && b !== null && !Array.isArray(b)
        const { 'c"': __, ...open } = (isObject ? b : {}) as Record<string, unknown>
        expect(found).toEqual({ ...rest, ...(isObject ? { b: open } : b === null ? { b } : {}) })
      }),
      { numRuns: 2000 },
    )
  })

  it('lets values nest deeper than the stack', () => {
    const deep = `${'[{"a":'.repeat(100_000)}1${'}]'.repeat(100_000)}`
    expect(jsonWithout(`{"x":${deep},"a":${deep}}`, [['a']])).toBe(`{"x":${deep}}`)
  })
})
