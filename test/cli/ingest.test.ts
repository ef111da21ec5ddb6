import { feed } from '../../cli/feed.ts'
import { isBad, linesOf, recordOf } from '../../cli/ndjson.ts'
import type { PutOutcome, Stream, StreamRecord } from '../../stores/stream/stream.ts'

const chunks = async function* (...texts: string[]): AsyncGenerator<string> {
  yield* texts
}
const all = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

describe('linesOf', () => {
  it('cuts at line feeds alone, across chunks', async () => {
    expect(await all(linesOf(chunks('a\nb', 'c\r\n\u2028d', '\n\ne')))).toEqual(['a', 'bc', '\u2028d', '', 'e'])
  })
})

describe('recordOf', () => {
  const keyOf = (line: string): string => (recordOf(line, 1) as StreamRecord).partitionKey

  it('keeps the line as it stands and goes by its id', () => {
    const line = '{ "id":"x-1", "v": 1.0, "t": "\\\\\\u0041 é" }'
    const record = recordOf(line, 1) as StreamRecord
    expect(Buffer.from(record.data).toString('utf8')).toBe(line)
    expect(record.partitionKey).toBe('x-1')
  })

  it('spreads by a hash where there is no id that Kinesis takes', () => {
    expect(keyOf('{"v":1}')).toMatch(/^[0-9a-f]{32}$/)
    expect(keyOf('{"v":1}')).toBe(keyOf('{"v":1}'))
    expect(keyOf('{"v":1}')).not.toBe(keyOf('{"v":2}'))
    for (const id of ['""', '5', `"${'x'.repeat(257)}"`]) expect(keyOf(`{"id":${id}}`)).toMatch(/^[0-9a-f]{32}$/)
  })

  it.each(['nope', '[1]', 'null', '"text"', '5', '{"a":1,}'])('names %s as a bad line', (line) => {
    const record = recordOf(line, 7)
    expect(isBad(record) && record.lineNumber).toBe(7)
  })
})

describe('feed', () => {
  const records = async function* (count: number): AsyncGenerator<StreamRecord> {
    for (let index = 0; index < count; index += 1) yield { data: Buffer.from(String(index)), partitionKey: 'k' }
  }
  const recorder = (onPut: () => void = () => undefined) => {
    const batches: number[][] = []
    const stream: Pick<Stream, 'put'> = {
      put: async (batch): Promise<PutOutcome> => {
        batches.push(batch.map(({ data }) => Number(Buffer.from(data).toString())))
        onPut()
        const last = String(batches.length).padStart(64, '0')
        return { accepted: batch.length, retried: 1, lastSequenceNumbers: { [`s${batches.length % 2}`]: last } }
      },
    }
    return { batches, stream: stream as Stream }
  }

  it('puts all records in order, as many at a time as a request takes', async () => {
    const { batches, stream } = recorder()
    const fed = await feed(stream, records(1201))
    expect(batches.map((batch) => batch.length)).toEqual([500, 500, 201])
    expect(batches.flat()).toEqual(Array.from({ length: 1201 }, (_, index) => index))
    const sequence = (n: number): string => String(n).padStart(64, '0')
    expect(fed).toEqual({ accepted: 1201, retried: 3, lastSequenceNumbers: { s1: sequence(3), s0: sequence(2) } })
  })

  it('keeps to a rate', async () => {
    let time = 0
    const { batches, stream } = recorder()
    const pause = async (ms: number): Promise<void> => {
      time += ms
    }
    await feed(stream, records(300), { rate: 100, now: () => time, pause })
    expect(batches).toHaveLength(30)
    expect(time).toBeGreaterThanOrEqual(2900)
    expect(time).toBeLessThanOrEqual(3000)
  })

  it('stops between requests once it is told to', async () => {
    const stop = new AbortController()
    const { batches, stream } = recorder(() => stop.abort())
    expect(await feed(stream, records(2000), { signal: stop.signal })).toMatchObject({ accepted: 500 })
    expect(batches).toHaveLength(1)
  })

  it('passes on what the stream throws', async () => {
    const { stream } = recorder(() => {
      throw new Error('refused')
    })
    await expect(feed(stream, records(1))).rejects.toThrow('refused')
  })
})
