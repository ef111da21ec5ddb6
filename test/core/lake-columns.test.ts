import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { decimal, event, instant, int, secret, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import { jsonAt } from '../../core/json-members.ts'
import { lakeColumns, lakeColumnsOf, lakeTexts, ownColumns } from '../../core/lake-columns.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const at = Date.parse('2026-03-01T12:00:00Z')

/** What the lake says of an event that was sent so, by column. */
const toldOf = (definition: object, text: string): Record<string, string | null> => {
  const model = compileDefinitions({ definition }, hash, {}, { bill: 'c0de' })
  const [data] = model.data.events
  if (data === undefined) throw new Error('no event')
  const decoded = model.decode({ shardId: 's', sequenceNumber: '1', arrivalTime: at, text })
  if (decoded.rejection !== null) throw new Error(decoded.rejection.detail)
  const texts = lakeTexts(data)(decoded.row, text)
  return Object.fromEntries(lakeColumns(data).map(({ name }, place) => [name, texts[place] ?? null]))
}

const bill = event(
  'bill',
  {
    total: decimal(2, 'EUR'),
    rate: decimal(15, 'one').nullish(),
    units: int('pieces').nullish(),
    ratio: z.number().nullish(),
    paid: z.boolean().nullish(),
    due: instant().nullish(),
    tier: z.enum(['low', 'high']).default('low'),
    buyer: z
      .object({ name: z.string().nullish(), card: secret(z.string()).nullish(), tags: z.any().optional() })
      .nullish(),
    lines: z.array(z.object({ price: decimal(2, 'EUR') })).default([]),
    free: z.any().optional(),
  },
  { derive: { large: { boolean: (e) => e.total > 10_000n } } },
)
const sent = (fields: object): string => JSON.stringify({ type: 'bill', id: '1', at, total: '1.50', ...fields })

describe("the lake's columns", () => {
  it('are the fields, those of objects each by itself, and what is derived; secrets have none', () => {
    const { events } = compileDefinitions({ bill }, hash, {}, { bill: 'c0de' }).data
    const columns = lakeColumnsOf({ events }).bill ?? []
    expect(columns.map(({ name, type, scale }) => `${name} ${type}${type === 'decimal' ? scale : ''}`)).toEqual([
      ...['id string', 'at instant', 'total decimal2', 'rate decimal15', 'units integer', 'ratio number'],
      ...['paid boolean', 'due instant', 'tier string', 'buyer_name string', 'buyer_tags json', 'lines json'],
      ...['free json', 'large boolean'],
    ])
    expect(columns.find(({ name }) => name === 'buyer_name')?.field).toBe('buyer.name')
  })

  it('have names that SQL tells apart: none of our own, whatever the case', () => {
    const field = (name: string) => ({ name, kind: 'string', scale: 0 }) as never
    const names = [
      'data',
      'Data',
      'DATA_',
      'event time',
      'event.time',
      'größe',
      'a-b',
      'a_b',
      'event_date',
      '1',
      '"',
      '',
    ]
    const columns = lakeColumns({ fields: names.map(field), derived: [{ name: 'data', type: 'string' }] })
    expect(columns.map(({ name }) => name)).toEqual([
      ...['data_', 'Data__', 'DATA___', 'event_time_', 'event_time__', 'größe', 'a_b', 'a_b_'],
      ...['event_date_', '1', '_', '__', 'data____'],
    ])
    expect(columns.map(({ field: named }) => named)).toEqual([...names, 'data'])
  })

  it('are told apart by any engine, whatever the fields are called', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom(...ownColumns), fc.constantFrom('a.b', 'A_b'))
    fc.assert(
      fc.property(fc.uniqueArray(name), (names) => {
        const fields = names.map((each) => ({ name: each, kind: 'string', scale: 0 }) as never)
        const columns = lakeColumns({ fields, derived: [] }).map((column) => column.name)
        expect(new Set([...columns.map((column) => column.toLowerCase()), ...ownColumns]).size).toBe(
          names.length + ownColumns.length,
        )
        for (const column of columns) expect(column).toMatch(/^[\p{L}\p{N}_]+$/u)
      }),
    )
  })

  it("know our own, which the job writes, and its folders'", () => {
    const job = readFileSync(join(import.meta.dirname, '..', '..', 'spark', 'recompute.py'), 'utf8')
    const written = /^LAKE_COLUMNS = \[(.*?)^\]/ms.exec(job)?.[1]?.match(/\w+/g)
    expect(ownColumns).toEqual([...(written ?? []), 'event_type', 'event_date'])
  })

  it('say what an event says: exact decimals, instants in ms, defaults, and what is derived', () => {
    expect(toldOf(bill, sent({}))).toEqual({
      ...{ id: '1', at: String(at), total: '1.50', rate: null, units: null, ratio: null, paid: null, due: null },
      ...{ tier: 'low', buyer_name: null, buyer_tags: null, lines: '[]', free: null, large: 'false' },
    })
    const full = {
      ...{ total: '-90071992547409.91', rate: '0.000000000000001', units: 2 ** 53 - 1, ratio: 1e300, paid: false },
      ...{ due: '0001-01-01T00:00:00Z', tier: 'high', buyer: { name: '\0\ud800', card: 'hush', tags: null } },
    }
    expect(toldOf(bill, sent(full))).toMatchObject({
      ...{ total: '-90071992547409.91', rate: '0.000000000000001', units: '9007199254740991', ratio: '1e+300' },
      ...{ paid: 'false', due: '-62135596800000', tier: 'high', buyer_name: '\0\ud800', buyer_tags: null },
    })
  })

  it('give lists and free objects as they were sent, byte by byte, however deep', () => {
    const deep = `${'['.repeat(100_000)}1${']'.repeat(100_000)}`
    const text = sent({}).replace(
      /\}$/,
      `,"lines":[ {"price": 1.10} ],"free":5,"fr\\u0065e" : {"n": 12345678901234567890, "s":"\\ud800"} , "buyer":{"tags":${deep}}}`,
    )
    expect(toldOf(bill, text)).toMatchObject({
      ...{ lines: '[ {"price": 1.10} ]', free: '{"n": 12345678901234567890, "s":"\\ud800"}', buyer_tags: deep },
    })
  })
})

describe('a member of JSON text', () => {
  it('is what JSON.parse takes it for, whatever stands around it', () => {
    const key = fc.constantFrom('a', 'b', 'c"', '\\', '')
    const value = fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue())))
    fc.assert(
      fc.property(
        value,
        fc.constantFrom(0, 1, 3),
        fc.array(key, { minLength: 1, maxLength: 3 }),
        (of, indent, path) => {
          const text = ` ${JSON.stringify(of, null, indent)} `
          let wanted: unknown = JSON.parse(text)
          for (const each of path)
            wanted =
              typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted) && Object.hasOwn(wanted, each)
                ? (wanted as Record<string, unknown>)[each]
                : null
          const found = jsonAt(text, path)
          expect(found === null ? null : JSON.parse(found)).toEqual(wanted)
        },
      ),
      { numRuns: 2000 },
    )
    expect(jsonAt('{"a":1,"a":{"b":2},"a" : {"b":3,"b":4}}', ['a', 'b'])).toBe('4')
  })
})
