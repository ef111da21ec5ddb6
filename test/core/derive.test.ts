import { decimal, event, instant, metric, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { exportsWithFunctions } from '../../core/definition/functions.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import type { RawRecord } from '../../core/record.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const at = '2026-03-01T12:00:00Z'
const record = (fields: object): RawRecord => ({
  shardId: 'shardId-000000000000',
  sequenceNumber: '7'.padStart(64, '0'),
  arrivalTime: Date.parse(at),
  text: JSON.stringify({ type: 'view', id: '1', viewedAt: at, viewer: 'ann', profile: 'bob', mode: 'full', ...fields }),
})

const view = event(
  'view',
  {
    viewer: z.string(),
    profile: z.string(),
    mode: z.enum(['full', 'private']),
    paid: decimal(2, 'EUR').optional(),
    viewedAt: instant(),
  },
  {
    at: 'viewedAt',
    derive: {
      shownAs: (v) => (v.mode === 'full' ? v.viewer : 'private'),
      own: { boolean: (v) => v.viewer === v.profile },
      day: { integer: (v) => Math.floor(v.at / 86_400_000) },
      size: (v) => (v.paid === undefined ? null : v.paid > 1000n ? 'large' : 'small'),
    },
  },
)
const views = {
  view,
  views: metric('views', view.count('views'), {
    where: { own: false },
    by: ['profile', 'shownAs', 'size'],
    per: 'day',
  }),
  days: metric('days', view.countDistinct('shownAs', 'day'), { by: ['own'], per: 'month' }),
}
const compiled = (exported: Record<string, unknown> = views, code = 'c0de') =>
  compileDefinitions(exported, hash, {}, { view: code })

describe('derived dimensions', () => {
  it('are dimensions, conditions and distinct values as fields are', () => {
    const model = compiled()
    const of = (fields: object) =>
      model
        .contributions(model.decode(record(fields)), 'batch')
        .map(({ metric: name, dims, component }) => [name, ...dims, component])
    expect(of({ paid: '10.01' })).toEqual(
      expect.arrayContaining([
        ['views', 'bob', 'ann', 'large', 'count'],
        ['days', 'false', `=["ann","${Date.parse(at) / 86_400_000 - 0.5}"]`],
      ]),
    )
    expect(of({ mode: 'private', profile: 'ann' })).not.toContainEqual(expect.arrayContaining(['views']))
    expect(of({ mode: 'private' })).toContainEqual(['views', 'bob', 'private', null, 'count'])
    expect(model.data.events[0]).toMatchObject({
      derived: [
        { name: 'day', type: 'integer' },
        { name: 'own', type: 'boolean' },
        { name: 'shownAs', type: 'string' },
        { name: 'size', type: 'string' },
      ],
      code: 'c0de',
    })
    expect(model.data.metrics.find(({ name }) => name === 'days')?.by).toEqual([{ name: 'own', type: 'boolean' }])
  })

  it('have the code in the versions of their event’s metrics, and in no other’s', () => {
    const other = event('other', { x: z.string() })
    const all = { ...views, others: metric('others', other.count(), { per: 'day' }) }
    const versions = (code: string) =>
      Object.fromEntries(compiled(all, code).data.metrics.map(({ name, version }) => [name, version]))
    const [one, two] = [versions('one'), versions('two')]
    expect(versions('one')).toEqual(one)
    for (const name of ['views', 'days', 'rejected']) expect(one[name]).not.toBe(two[name])
    expect(one.others).toBe(two.others)
    expect(compiled(all, 'one').data.version).not.toBe(compiled(all, 'two').data.version)
  })

  it('get what the event is and can change none of it', () => {
    const seen: unknown[] = []
    const nested = event(
      'view',
      { tags: z.array(z.string()), note: z.any() },
      {
        derive: {
          a: (e) => {
            seen.push(e)
            Object.assign(e, { id: 'other' })
            return 'a'
          },
          b: (e) => {
            ;(e.tags as string[]).push('more')
            return 'b'
          },
        },
      },
    )
    const model = compiled({ nested, m: metric('m', nested.count(), { by: ['b'], per: 'day' }) })
    const text = (id: string | null) => ({ id, at, tags: ['x'], note: { deep: [1] } })
    expect(model.decode(record(text('1'))).rejection?.detail).toMatch(
      /^view, a: Cannot assign to read only property 'id'/,
    )
    expect(seen[0]).toMatchObject({ id: '1', at: Date.parse(at), tags: ['x'], note: { deep: [1] } })
    expect(Object.isFrozen((seen[0] as { note: { deep: unknown } }).note.deep)).toBe(true)
  })

  const cases: [string, unknown, string][] = [
    ['throws', () => JSON.parse('{'), 'view, x: Expected property name'],
    [
      'throws no error',
      () => {
        throw 'no error'
      },
      'view, x: threw a string',
    ],
    [
      'answers nothing',
      () => undefined,
      'view, x: answered a value of type undefined, which is no string and not null',
    ],
    ['answers a promise', async () => 'a', 'view, x: answered a value of type object'],
    ['answers a number for a text', () => 5, 'view, x: answered 5, which is no string and not null'],
    ['answers a fraction', { integer: () => 0.5 }, 'view, x: answered 0.5, which is no whole number within 2^53'],
    [
      'answers a number past 2^53',
      { integer: () => 2 ** 53 },
      'view, x: answered 9007199254740992, which is no whole number',
    ],
    [
      'answers a text for a boolean',
      { boolean: () => 'true' },
      'view, x: answered a value of type string, which is no boolean',
    ],
    ['answers NUL', () => 'a\0b', 'x holds the character NUL'],
    ['answers a text too long to keep', () => 'x'.repeat(257), 'x holds 257 bytes'],
    [
      'calls itself without end',
      function again(): string {
        return again()
      },
      'view, x: Maximum call stack size exceeded',
    ],
  ]
  it.each(cases)('reject an event whose function %s, and that one alone', (_what, of, detail) => {
    const broken = event('view', { bad: z.boolean().optional() }, { derive: { x: of as () => string } })
    const fine = event('fine', {})
    const model = compiled({ broken, fine, m: metric('m', fine.count(), { per: 'day' }) })
    const decoded = model.decode(record({ at }))
    expect(decoded.rejection).toMatchObject({ reason: 'invalid', detail: expect.stringContaining(detail) })
    expect(decoded.row).toMatchObject({ event_type: 'view' })
    expect(model.decode(record({ type: 'fine', at })).rejection).toBeNull()
  })

  it('hold no lone surrogate', () => {
    const odd = event('view', {}, { derive: { x: () => 'a\ud800b' } })
    const model = compiled({ odd, m: metric('m', odd.count(), { by: ['x'], per: 'day' }) })
    expect(model.contributions(model.decode(record({ at })), 'speed').map(({ dims }) => dims)).toEqual([['a\ufffdb']])
  })

  it('are refused by name where they are none, clash, or nothing stands for their code', () => {
    const of = (derive: object) => () =>
      compiled({ e: event('view', { mode: z.string() }, { derive: derive as Record<string, () => string> }) })
    expect(of({ mode: () => 'x' })).toThrow('Event view: it derives mode, which is a field of it')
    expect(of({ at: () => 'x' })).toThrow('Event view: it derives at, which is a field of it')
    expect(of({ toString: () => 'x' })).toThrow("can't be called toString")
    for (const wrong of ['x', { text: () => 'x' }, { boolean: () => true, integer: () => 1 }, {}])
      expect(of({ y: wrong })).toThrow('Event view: derive y is none; write (event) => TEXT')
    expect(() => compileDefinitions(views, hash)).toThrow(
      'Event view has functions (day, own, shownAs, size), and nothing stands for their code.',
    )
  })

  it('leave an event without time rejected before they see it', () => {
    const dated = event('view', { seenAt: instant().nullish() }, { at: 'seenAt', derive: { x: () => 'a' } })
    const model = compiled({ dated })
    expect(model.decode(record({})).rejection).toMatchObject({
      reason: 'invalid',
      detail: 'seenAt: is missing, and dates the event',
    })
  })
})

it('finds the events that have functions by their first export, and no others', () => {
  const plain = event('plain', { x: z.string() })
  const exported = { second: view, first: view, plain, views: views.views, text: 'x', nothing: null }
  expect([...exportsWithFunctions(exported)]).toEqual([['view', 'first']])
})
