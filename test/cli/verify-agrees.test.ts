import { isUtf8 } from 'node:buffer'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { openRecount, type Recount } from '../../cli/verify/recount.ts'
import { expandAggregates } from '../../core/aggregate.ts'
import { answerOf } from '../../core/answer.ts'
import type { MergeOp } from '../../core/contribution.ts'
import type { ReceivedRecord } from '../../core/kinesis-record.ts'
import type { MetricData, Model } from '../../core/model.ts'
import { encodeRawLine } from '../../core/raw-archive.ts'
import { aggregateOf } from '../aggregates.ts'
import { recountedModel } from '../fuzz/definitions.ts'
import { arrivalTime, inputOf } from '../fuzz/inputs.ts'
import { randomOf } from '../fuzz/random.ts'
import { firstsOf, winnersOf } from '../localstack/tidemark/naive.ts'

const whole = { from: Date.parse('0001-01-01'), to: Date.parse('9999-12-31') }
const sequence = (number: number): string => String(number).padStart(64, '0')
const windowMs = 600_000
const shardId = 'shardId-000000000000'

const received = (bytes: Buffer, number: number): ReceivedRecord => ({
  shardId,
  sequenceNumber: sequence(number),
  arrivalTime,
  text: isUtf8(bytes) ? bytes.toString('utf8') : null,
  partitionKey: 'k',
  bytes,
})

let model: Model
let dir: string
beforeAll(async () => {
  model = await recountedModel()
})
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tidemark-agrees-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const recountOf = async (records: readonly ReceivedRecord[]): Promise<Recount> => {
  mkdirSync(join(dir, 'raw'), { recursive: true })
  writeFileSync(join(dir, 'raw', 'all.ndjson.gz'), gzipSync(`${records.map(encodeRawLine).join('\n')}\n`))
  return openRecount(join(dir, 'raw'), dir, model.data, { windowMs, shards: [] })
}

type Cells = Record<string, string>

/** What core answers: each record but what was sent again, or each event once. Distinct values are counted one by one. */
const counted = (metric: MetricData, records: readonly ReceivedRecord[], isSettled: boolean): Cells => {
  const expanded = expandAggregates(records)
  const kept = isSettled ? winnersOf(model, expanded) : firstsOf(model, expanded, windowMs)
  const all = kept.flatMap((record) => model.contributions(model.decode(record), 'batch'))
  const cells = new Map<string, Map<string, bigint>>()
  for (const { bucket, dims, component, op, value } of all.filter(({ metric: of }) => of === metric.name)) {
    // A local date may stand behind the metric's own dimensions.
    const key = `${new Date(bucket).toISOString()} ${JSON.stringify(dims.slice(0, metric.by.length))}`
    const state = cells.get(key) ?? new Map<string, bigint>()
    cells.set(key, state.set(component, mergedExactly(op, state.get(component), BigInt(value))))
  }
  const answered = (state: ReadonlyMap<string, bigint>): string =>
    metric.measure.kind === 'countDistinct'
      ? String([...state.keys()].filter((component) => component.startsWith('=')).length)
      : String(answerOf(metric.measure, state).value)
  return Object.fromEntries([...cells].map(([key, state]) => [key, answered(state)]))
}

/** Sums leave the safe integers here. */
const mergedExactly = (op: MergeOp, held: bigint | undefined, value: bigint): bigint => {
  if (held === undefined) return value
  if (op === 'sum') return held + value
  return (op === 'min') === held < value ? held : value
}

const recounted = async (recount: Recount, metric: MetricData, isSettled: boolean): Promise<Cells> => {
  const all = { [shardId]: sequence(1e9) }
  const exclusions = { batch: 0, speed: 0, stretches: {} }
  const cells = await recount.cells(metric, { positions: all, tidemark: isSettled ? all : {}, exclusions }, whole)
  return Object.fromEntries(
    cells.map(({ bucket, dims, value }) => [
      `${new Date(bucket).toISOString()} ${JSON.stringify(dims)}`,
      String(value),
    ]),
  )
}

const reading = (more: string, without = ''): string => {
  const fields = ['"sensor":"s"', '"room":"r"', '"level":"1.5"', `"takenAt":${arrivalTime}`]
  return `{"type":"reading",${fields.filter((field) => without === '' || !field.includes(without)).join(',')}${more}}`
}
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`

/** What core says of each: `taken`, or the reason. */
const golden: [string, string | Buffer, string][] = [
  ['a plain event', reading(''), 'taken'],
  ['nothing', '', 'not_json'],
  ['blanks', ' \n', 'not_json'],
  ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d]), 'not_utf8'],
  ['a byte order mark', `\ufeff${reading('')}`, 'not_json'],
  ['a comma at the end', '{"type":"plain",}', 'not_json'],
  ['NaN', reading(',"share":NaN'), 'not_json'],
  ['two documents', `${reading('')}\n${reading('')}`, 'not_json'],
  ['a raw control character', reading(',"note":"\u0001"'), 'not_json'],
  ['null', 'null', 'not_an_object'],
  ['a list', '[{}]', 'not_an_object'],
  ['a list deeper than a stack', deep, 'not_an_object'],
  ['a text that holds an event', JSON.stringify(reading('')), 'not_an_object'],
  ['no type', '{}', 'unknown_type'],
  ['a type of another kind', '{"type":["reading"]}', 'unknown_type'],
  ['a type of every object', '{"type":"constructor"}', 'unknown_type'],
  ['the type inside a prototype', '{"__proto__":{"type":"reading"}}', 'unknown_type'],
  ['a type twice, the last known', `{"type":"nothing",${reading('').slice(1)}`, 'taken'],
  ['a type twice, the last unknown', reading(',"type":"nothing"'), 'unknown_type'],
  ['a field twice, the last right', reading(',"floor":"x","floor":3'), 'taken'],
  ['a field twice, the last wrong', reading(',"floor":3,"floor":"x"'), 'invalid'],
  ['prototype keys', reading(',"__proto__":{"floor":"x"},"constructor":1,"toString":null'), 'taken'],
  ['a needed field in a prototype', reading(',"__proto__":{"room":"r"}', 'room'), 'invalid'],
  ['a needed field missing', reading('', 'room'), 'invalid'],
  ['a null that may be', reading(',"room":null'), 'taken'],
  ['a null that may not be', reading(',"floor":null'), 'invalid'],
  ['a number as text', reading(',"floor":"3"'), 'invalid'],
  ['a fraction of 0', reading(',"floor":3.0'), 'taken'],
  ['an exponent', reading(',"floor":1e3'), 'taken'],
  ['a fraction', reading(',"floor":3.5'), 'invalid'],
  ['minus zero', reading(',"floor":-0'), 'taken'],
  ['2^53 - 1', reading(',"floor":9007199254740991'), 'taken'],
  ['2^53', reading(',"floor":9007199254740992'), 'invalid'],
  ['2^53 + 1', reading(',"floor":9007199254740993'), 'invalid'],
  ['a number past every double', reading(',"floor":1e999'), 'invalid'],
  ['a number past every double where null may be', reading(',"room":1e999'), 'invalid'],
  ['a number past every double that nobody reads', reading(',"note":1e999'), 'taken'],
  ['a decimal with too many digits', reading(',"level":"1.2345"'), 'invalid'],
  ['a decimal with zeros at its end', reading(',"level":"1.2340000"'), 'taken'],
  ['a decimal past 2^53', reading(',"level":"9007199254740.992"'), 'invalid'],
  ['a decimal with an exponent', reading(',"level":1e-7'), 'invalid'],
  ['a decimal as a small number', reading(',"level":0.001'), 'taken'],
  ['a lone surrogate', reading(',"room":"\\ud800"'), 'taken'],
  ['a lone surrogate that is no escape', reading(',"room":"\\\\ud800"'), 'taken'],
  ['a lone surrogate in a key', reading(',"\\udc00":1'), 'taken'],
  ['the character NUL', reading(',"room":"\\u0000"'), 'invalid'],
  ['the character NUL that nobody keeps', reading(',"note":"\\u0000","code":"ab"'), 'taken'],
  ['256 bytes', reading(`,"room":"${'ü'.repeat(128)}"`), 'taken'],
  ['257 bytes', reading(`,"room":"${'x'.repeat(257)}"`), 'invalid'],
  ['256 bytes of lone surrogates and more', reading(`,"room":"${'\\ud800'.repeat(86)}"`), 'invalid'],
  ['blanks at the end', reading(',"room":"r  "'), 'taken'],
  ['nothing but blanks', reading(',"room":"   "'), 'taken'],
  ['a tab at the end', reading(',"room":"r\\t"'), 'taken'],
  ['256 bytes and blanks', reading(`,"room":"${'x'.repeat(256)}  "`), 'taken'],
  ['257 bytes, a blank among them', reading(`,"room":"${' '.repeat(256)}x"`), 'invalid'],
  ['a kept id with blanks at its end', reading(',"sensor":"s "'), 'taken'],
  ['a member of an enumeration and a blank', reading(',"kind":"warm "'), 'invalid'],
  ['a text that is as long as it must be by blanks', reading(',"code":"a "'), 'taken'],
  ['a nested text with blanks at its end', reading(',"device":{"os":"a ","battery":null}'), 'taken'],
  ['an element with blanks at its end', reading(',"tags":["a ","a","  "]'), 'taken'],
  ['an element of 256 bytes and a blank', reading(`,"tags":["${'x'.repeat(256)} "]`), 'taken'],
  ['an id past 1024 bytes', reading(`,"sensor":"${'\\u0001'.repeat(200)}"`), 'invalid'],
  ['a field nested deeper than a stack', reading(`,"note":${deep}`), 'taken'],
  ['a needed field nested deeper than a stack', reading(`,"room":${deep}`), 'invalid'],
  ['a text as short as may be', reading(',"code":"😀😀"'), 'taken'],
  ['a text that is too short in characters alone', reading(',"code":"😀"'), 'invalid'],
  ['a value of no enum', reading(',"kind":"Warm"'), 'invalid'],
  ['2 hours early', reading(`,"takenAt":${arrivalTime + 7_200_000}`), 'taken'],
  ['later', reading(`,"takenAt":${arrivalTime + 7_200_001}`), 'too_early'],
  ['in the year 9999', reading(',"takenAt":"9999-12-31T23:59:59Z"'), 'too_early'],
  ['in the year 10000', reading(',"takenAt":"+010000-01-01T00:00:00Z"'), 'invalid'],
  ['a year late', reading(`,"takenAt":${arrivalTime - 365 * 86_400_000}`), 'taken'],
  ['earlier', reading(`,"takenAt":${arrivalTime - 365 * 86_400_000 - 1}`), 'too_late'],
  ['without seconds', reading(',"takenAt":"2026-03-01T10:00Z"'), 'invalid'],
  ['on 29 February of no leap year', reading(',"takenAt":"2026-02-29T10:00:00Z"'), 'invalid'],
  ['without a zone', reading(',"takenAt":"2026-03-01T10:00:00"'), 'invalid'],
  ['a time with a fraction of a millisecond', reading(',"takenAt":1772359200000.5'), 'invalid'],
  ['a list', reading(',"tags":["a","b","a",null,"ü"]'), 'taken'],
  ['a list of nothing', reading(',"tags":[]'), 'taken'],
  ['a list that is null', reading(',"tags":null'), 'taken'],
  ['an element with a lone surrogate', reading(',"tags":["\\ud800"]'), 'taken'],
  ['an element of 257 bytes', reading(`,"tags":["a","${'x'.repeat(257)}"]`), 'invalid'],
  ['an element that is the character NUL', reading(',"tags":["\\u0000"]'), 'invalid'],
  ['an object', reading(',"device":{"os":"a","battery":"1.5","model":{"name":"m"}}'), 'taken'],
  ['an object that is null', reading(',"device":null'), 'taken'],
  ['an object without a needed field', reading(',"device":{"os":"a"}'), 'invalid'],
  ['a list for an object', reading(',"device":["os"]'), 'invalid'],
  ['a text for an object', reading(',"device":"os"'), 'invalid'],
  [
    'null for a nested object that may only be missing',
    reading(',"device":{"os":"a","battery":null,"model":null}'),
    'invalid',
  ],
  ['a nested field twice, the last wrong', reading(',"device":{"os":"a","battery":null,"os":5}'), 'invalid'],
  ['a nested key of a prototype', reading(',"device":{"__proto__":{"os":"a"},"battery":null}'), 'invalid'],
  ['a dotted key beside an object', reading(',"device.os":5,"device":{"os":"a","battery":null}'), 'taken'],
  ['a nested text of NUL', reading(',"device":{"os":"\\u0000","battery":null}'), 'invalid'],
  ['a nested field deeper than a stack', reading(`,"device":{"os":"a","battery":null,"x":${deep}}`), 'taken'],
  ['a nested time', `{"type":"placed","meta":{"takenAt":${arrivalTime},"number":1,"from":null}}`, 'taken'],
  ['no nested time', '{"type":"placed","meta":{"number":1,"from":null}}', 'invalid'],
  ['a nested list', reading(',"device":{"os":"a","battery":null,"parts":["a","ü"]}'), 'taken'],
  ['an aggregate cut off', aggregateOf([reading('')]).subarray(0, -1), 'not_utf8'],
  ['an aggregate of nothing', aggregateOf([]), 'not_utf8'],
]

describe('verify and core', () => {
  it.each(golden)('agree on %s', (_, input, verdict) => {
    const [decoded] = expandAggregates([received(Buffer.from(input), 1)]).map(model.decode)
    expect(decoded?.rejection?.reason ?? 'taken').toBe(verdict)
  })

  it('agree on all of these, and on aggregates of them', async () => {
    const plain = golden.map(([, input], index) => received(Buffer.from(input), index + 1))
    const aggregate = aggregateOf(golden.map(([, input]) => ({ data: Buffer.from(input) })))
    await expectAgreement([...plain, received(aggregate, 1000)])
  })

  it('agree on thousands of inputs, more or less events', async () => {
    const random = randomOf(1)
    await expectAgreement(Array.from({ length: 2000 }, (_, index) => received(inputOf(random), index + 1)))
  })
})

const expectAgreement = async (records: readonly ReceivedRecord[]): Promise<void> => {
  const recount = await recountOf(records)
  try {
    expect(recount.records).toBe(expandAggregates(records).length)
    for (const isSettled of [false, true])
      for (const metric of model.data.metrics)
        expectSame(metric, await recounted(recount, metric, isSettled), counted(metric, records, isSettled))
  } finally {
    recount.close()
  }
}

const expectSame = (metric: MetricData, found: Cells, byCore: Cells): void => {
  if (metric.measure.kind !== 'quantile') {
    expect([metric.name, found]).toEqual([metric.name, byCore])
    return
  }
  expect(Object.keys(found).sort()).toEqual(Object.keys(byCore).sort())
  for (const [key, value] of Object.entries(found))
    expect(Math.abs(Number(byCore[key]) - Number(value))).toBeLessThanOrEqual(Math.abs(Number(value)) / 100)
}
