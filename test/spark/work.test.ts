import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { event, metric, secret, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import type { Contribution } from '../../core/contribution.ts'
import type { Exclusion } from '../../core/exclusion.ts'
import { loadHash64 } from '../../core/hash.ts'
import type { Model } from '../../core/model.ts'
import { OffsetColumn, TextColumn } from '../../spark/columns.ts'
import { type Frame, frameKinds, packBuffers, readFrame, writeFrame } from '../../spark/frames.ts'
import type { LeftOutInput } from '../../spark/left-out.ts'
import { aggregateOf } from '../aggregates.ts'
import { columnsOf, workerAnswers } from './block-reader.ts'

/** Takes `TYPE ID TIME` for an event; counts it by its text, and its id as a distinct value. */
const model: Model = {
  data: { version: '000000000000', events: [], metrics: [] },
  decode: ({ text, sequenceNumber, arrivalTime }) => {
    const [type, id, time] = (text ?? '').split(' ')
    return type && id && time
      ? { type, id, eventTime: Number(time), row: { text }, place: '', rejection: null }
      : {
          type: '_rejected',
          id: sequenceNumber,
          eventTime: arrivalTime,
          row: {},
          place: '',
          rejection: { reason: text === null ? 'not_utf8' : 'invalid', detail: 'why' },
        }
  },
  contributions: ({ id, rejection, eventTime }): Contribution[] =>
    rejection === null
      ? [
          { metric: 'm', bucket: eventTime, dims: [null, '', id], component: 'count', op: 'sum', value: -3 },
          { metric: 'm', bucket: eventTime, dims: [], component: id, op: 'max', value: 1, distinct: true },
        ]
      : [],
  liveContributions: () => [],
  sessions: () => {
    throw new Error('no sessions')
  },
  score: () => new Error('no score'),
}

const anEvent = {
  ...{ name: 'a', fields: [], id: ['id'], at: 'at', acceptLateMs: null, acceptEarlyMs: 0 },
  ...{ derived: [], description: null },
}
const place = (sequenceNumber: string, shardId = 's1') => ({ shardId, sequenceNumber, arrivalTime: 1000 })
const line = (sequenceNumber: string, data: string): string =>
  `${JSON.stringify({ ...place(sequenceNumber), partitionKey: 'k', data })}\n`
const source = (above: string | null, upTo: string): Frame => ({
  kind: frameKinds.source,
  payload: Buffer.from(JSON.stringify({ name: 'raw/x', shardId: 's1', above, upTo })),
})
const lines = (...texts: string[]): Frame => ({ kind: frameKinds.lines, payload: Buffer.from(texts.join('')) })

describe('the Spark worker', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tidemark-worker-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  const opened = <T>(name: string, flags: string, use: (descriptor: number) => T): T => {
    const descriptor = openSync(join(dir, name), flags)
    try {
      return use(descriptor)
    } finally {
      closeSync(descriptor)
    }
  }

  const answersTo = (frames: readonly Frame[]): Frame[] => workerAnswers(model, dir, frames)

  it('emits the records above the base mark and at or below the mark, with their contributions', () => {
    const [block, done, ...more] = answersTo([
      source('1', '3'),
      lines(line('1', 'a x 5'), line('2', 'a ünï🌊 86400000'), line('3', 'junk'), line('4', 'a z 7')),
    ])
    const { counts, text, numbers, offsets } = columnsOf(block)
    expect(counts).toEqual([2, 2, 3, 0])
    expect(text(0)).toEqual(['a', '_rejected'])
    expect(text(3)).toEqual(['ünï🌊', '3'])
    expect(numbers(6)).toEqual([86_400_000, 1000])
    expect(text(7)).toEqual(['1970-01-02', '1970-01-01'])
    expect(text(13)).toEqual(['2', '3'])
    expect(text(18)).toEqual(['a ünï🌊 86400000', 'junk'])
    expect(text(24)).toEqual([null, 'invalid'])
    expect(offsets(30)).toEqual([0, 2, 2])
    expect(offsets(35)).toEqual([0, 3, 3])
    expect(text(36)).toEqual([null, '', 'ünï🌊'])
    expect(numbers(45)).toEqual([-3, 1])
    expect(numbers(46)).toEqual([0, 1])
    expect(done).toMatchObject({ kind: frameKinds.done, payload: Buffer.from('{"records":2}') })
    expect(more).toEqual([])
  })

  it('hands on no secret of an event, and of a rejected record but why, and takes both back from the lake', async () => {
    const call = event('call', { token: secret(z.string()), customer: z.string() })
    const calls = metric('calls', call.count('calls'), { by: ['customer'], per: 'day' })
    const compiled = compileDefinitions({ call, calls }, await loadHash64())
    const lakeOf = (frames: readonly Frame[]) => {
      const { text } = columnsOf(workerAnswers(compiled, dir, frames)[0])
      return {
        types: text(0),
        ids: text(3),
        data: text(18),
        base64: text(21),
        reasons: text(24),
        details: text(27),
        dims: text(36),
      }
    }
    const sent = (fields: object) =>
      JSON.stringify({ type: 'call', id: 'i', at: 5, customer: 'c', token: 'hush', ...fields })
    const first = lakeOf([
      source(null, '9'),
      lines(line('1', sent({})), line('2', sent({ customer: 5 })), line('3', 'hush')),
    ])
    const why = (reason: string, detail: string, eventType: string | null) =>
      JSON.stringify({ withheld: { reason, detail, eventType } })
    expect(first.data).toEqual([
      '{"type":"call","id":"i","at":5,"customer":"c"}',
      why('invalid', 'customer: Invalid input: expected string, received number', 'call'),
      why('not_json', 'is no JSON', null),
    ])
    expect(JSON.stringify(first)).not.toContain('hush')
    expect(first.dims).toEqual(['c', 'invalid', 'call', 'not_json', null])
    const texts = (...values: (string | null)[]): Uint8Array[] => {
      const column = new TextColumn()
      for (const value of values) column.push(value)
      return column.take()
    }
    const numbers = (...values: number[]) => new Uint8Array(new Float64Array(values).buffer)
    const columns = [
      ...texts('s1', 's1', 's1'),
      ...texts('1', '2', '3'),
      numbers(1000, 1000, 1000),
      ...texts(...first.data),
      ...texts(null, null, null),
      numbers(0, 0, 0),
    ]
    const payload = Buffer.concat(packBuffers([3], columns))
    expect(lakeOf([{ kind: frameKinds.records, payload }])).toEqual(first)
  })

  it('keeps bytes that are not UTF-8 in base64', () => {
    const raw = `${JSON.stringify({ ...place('1'), partitionKey: 'k', dataBase64: '//4=' })}\n`
    const { text } = columnsOf(answersTo([source(null, '9'), lines(raw)])[0])
    expect([text(18), text(21), text(24)]).toEqual([[null], ['//4='], ['not_utf8']])
  })

  it('emits what a record aggregates, each with its place, and leaves out what lies outside the bounds whole', () => {
    const raw = (sequenceNumber: string, ...inside: (string | Buffer)[]): string =>
      `${JSON.stringify({ ...place(sequenceNumber), partitionKey: 'k', dataBase64: aggregateOf(inside.map((data) => ({ data }))).toString('base64') })}\n`
    const frames = [
      source('1', '3'),
      lines(raw('1', 'a u 5'), raw('2', 'a x 5', Buffer.from([0xff]), ''), raw('4', 'a z 7')),
    ]
    const { text, numbers } = columnsOf(answersTo(frames)[0])
    expect([text(13), numbers(16)]).toEqual([
      ['2', '2', '2'],
      [0, 1, 2],
    ])
    expect([text(18), text(21)]).toEqual([
      ['a x 5', null, ''],
      [null, '/w==', null],
    ])
    expect(text(24)).toEqual([null, 'not_utf8', 'invalid'])
  })

  it('decodes records of the lake again', () => {
    const texts = (...values: (string | null)[]): Uint8Array[] => {
      const column = new TextColumn()
      for (const value of values) column.push(value)
      return column.take()
    }
    const arrivals = new Uint8Array(new Float64Array([1, 2]).buffer)
    const columns = [
      ...texts('s1', 's2'),
      ...texts('7', '8'),
      arrivals,
      ...texts('a x 5', null),
      ...texts(null, '//4='),
      new Uint8Array(new Float64Array([0, 3]).buffer),
    ]
    const payload = Buffer.concat(packBuffers([2], columns))
    const { text, numbers } = columnsOf(answersTo([{ kind: frameKinds.records, payload }])[0])
    expect([text(0), text(10), text(13), numbers(16), numbers(17)]).toEqual([
      ['a', '_rejected'],
      ['s1', 's2'],
      ['7', '8'],
      [0, 3],
      [1, 2],
    ])
    expect([text(18), text(21)]).toEqual([
      ['a x 5', null],
      [null, '//4='],
    ])
  })

  it('flags what is left out here and where it is served; what counts nowhere keeps its place alone', () => {
    const knowing: Model = { ...model, data: { ...model.data, events: [anEvent] } }
    const ids = (...eventIds: string[]): Exclusion[] => [
      { id: 1, eventType: 'a', from: null, to: null, fields: {}, eventIds },
    ]
    const told: LeftOutInput = {
      revision: 3,
      sets: { 1: ids('old', 'both'), 2: ids('new', 'both'), 3: ids('new', 'both') },
      served: { marks: { s1: '4' }, exclusions: { dataset: 1, stretches: { s1: [{ above: '6', revision: 2 }] } } },
    }
    const names = ['old', 'new', 'both', 'free', 'old', 'both', 'new', 'old']
    const frames = [
      { kind: frameKinds.exclusions, payload: Buffer.from(JSON.stringify(told)) },
      source(null, '9'),
      lines(...names.map((id, at) => line(String(at + 1), `a ${id} 5`))),
    ]
    const { counts, text, numbers, offsets } = columnsOf(workerAnswers(knowing, dir, frames)[0])
    // Up to 4 the dataset's revision 1; up to 6 none; above that 2, which leaves out what 3 does.
    expect(numbers(50)).toEqual([2, 1, 3, 0, 0, 1, 3, 0])
    expect(text(0)).toEqual(['a', 'a', '_excluded', 'a', 'a', 'a', '_excluded', 'a'])
    expect(text(3)).toEqual([
      'old',
      'new',
      expect.stringContaining('s1/3'),
      'free',
      'old',
      'both',
      expect.stringContaining('s1/7'),
      'old',
    ])
    expect(text(18).map((data) => data !== null)).toEqual([true, false, false, true, true, false, false, true])
    expect([counts[1], offsets(30)]).toEqual([12, [0, 2, 4, 4, 6, 8, 10, 10, 12]])
  })

  it('refuses exclusions of a revision that it was not told', () => {
    const told: LeftOutInput = { revision: 3, sets: {}, served: null }
    const frames = [{ kind: frameKinds.exclusions, payload: Buffer.from(JSON.stringify(told)) }]
    expect(() => answersTo(frames)).toThrow('was not told what revision 3')
  })

  it('sends blocks of bounded size', () => {
    const wide = Array.from({ length: 50 }, (_, index) =>
      line(String(index).padStart(3, '0'), `a ${'x'.repeat(200_000)} 5`),
    )
    const blocks = answersTo([source(null, '999'), ...wide.map((text) => lines(text))]).slice(0, -1)
    expect(blocks.length).toBeGreaterThan(3)
    expect(blocks.reduce((sum, block) => sum + (columnsOf(block).counts[0] ?? 0), 0)).toBe(50)
  })

  it('grows its columns without losing a value', () => {
    const offsets = new OffsetColumn()
    for (let end = 1; end <= 5000; end++) offsets.push(end)
    const taken = Buffer.concat(offsets.take())
    expect(taken.length).toBe(4 * 5001)
    expect([0, 1, 1024, 1025, 5000].map((at) => taken.readInt32LE(4 * at))).toEqual([0, 1, 1024, 1025, 5000])
  })

  it.each([
    ['a line of another shard', [source(null, '9'), lines(`${JSON.stringify(place('1', 's2'))}\n`)], /no record of s1/],
    ['a line that is not JSON', [source(null, '9'), lines('{"shardId"\n')], /raw\/x holds a line that is not JSON/],
    ['a record without data', [source(null, '9'), lines(`${JSON.stringify(place('1'))}\n`)], /needs one of data/],
    ['lines without a source', [lines(line('1', 'a x 5'))], /before the source/],
    ['an unknown frame', [{ kind: 77, payload: Buffer.alloc(0) }], /no frame of kind 77/],
  ] as const)('refuses %s', (_, frames, message) => {
    expect(() => answersTo(frames)).toThrow(message)
  })

  it('refuses input that is no frame, or is cut off', () => {
    expect(() => opened('in', 'w', (input) => writeFrame(input, frameKinds.lines, [Buffer.alloc(9)]))).not.toThrow()
    const bytes = readFileSync(join(dir, 'in'))
    for (const [content, message] of [
      [Buffer.from('hello, world'), /is no frame/],
      [bytes.subarray(0, 5), /cut off/],
      [bytes.subarray(0, 12), /ends before/],
      [bytes.subarray(0, 15), /cut off/],
    ] as const) {
      writeFileSync(join(dir, 'in'), content)
      expect(() => opened('in', 'r', (input) => readFrame(input))).toThrow(message)
    }
  })
})
