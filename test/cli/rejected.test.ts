import { isUtf8 } from 'node:buffer'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { event, metric, secret, z } from 'tidemark'
import { rejectedAnswer } from '../../cli/commands/rejected.ts'
import { render } from '../../cli/output.ts'
import type { RejectedFilter } from '../../cli/rejected/record.ts'
import { findRejected, type Rejected } from '../../cli/rejected/rejected.ts'
import { compileDefinitions } from '../../core/compile.ts'
import { loadHash64 } from '../../core/hash.ts'
import type { ReceivedRecord } from '../../core/kinesis-record.ts'
import type { Model } from '../../core/model.ts'
import { encodeRawLine, rawObjectKey } from '../../core/raw-archive.ts'
import type { DatasetManifest } from '../../spark/specification.ts'
import { MemoryArchive } from '../../stores/archive/memory.ts'
import { aggregateOf } from '../aggregates.ts'
import { fuzzModel } from '../fuzz/definitions.ts'
import { quoted } from '../messages.ts'

const shardId = 'shardId-000000000000'
const day = (text: string): number => Date.parse(text)
const sequence = (number: number): string => String(number).padStart(64, '0')
const taken = '{"type":"plain","at":"2026-03-01T00:00:00Z"}'
const none = { reason: null, type: null, from: null, to: null }

describe('what was rejected', () => {
  let model: Model
  let archive: MemoryArchive
  let dir: string
  beforeAll(async () => {
    model = await fuzzModel()
  })
  beforeEach(() => {
    archive = new MemoryArchive()
    dir = mkdtempSync(join(tmpdir(), 'tidemark-rejected-test-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  const archived = async (from: number, arrivalTime: number, ...datas: (string | Buffer)[]): Promise<void> => {
    const lines = datas.map((data, index) => {
      const bytes = Buffer.from(data)
      const text = isUtf8(bytes) ? bytes.toString('utf8') : null
      const place = { shardId, sequenceNumber: sequence(from + index), arrivalTime, partitionKey: 'k' }
      return encodeRawLine({ ...place, text, bytes } satisfies ReceivedRecord)
    })
    const key = rawObjectKey(shardId, sequence(from), sequence(from + datas.length - 1))
    await archive.putObject(key, gzipSync(`${lines.join('\n')}\n`))
  }

  /** A file of the lake as the job writes it. */
  const lakeFile = async (key: string, rows: readonly object[]): Promise<void> => {
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    const [lines, parquet] = [join(dir, 'rows.ndjson'), join(dir, 'rows.parquet')]
    writeFileSync(lines, rows.map((row) => JSON.stringify(row)).join('\n'))
    await connection.run(`COPY (SELECT * REPLACE (make_timestamp(arrival_time * 1000) AS arrival_time)
      FROM read_ndjson('${lines}', columns = {shard_id: 'VARCHAR', sequence_number: 'VARCHAR', sub_sequence: 'BIGINT', arrival_time: 'BIGINT',
        data: 'VARCHAR', data_base64: 'VARCHAR', rejection_reason: 'VARCHAR', rejection_detail: 'VARCHAR'})) TO '${parquet}' (FORMAT parquet)`)
    connection.closeSync()
    instance.closeSync()
    await archive.putObject(key, readFileSync(parquet))
  }
  const lakeRow = (number: number, arrivalTime: number, data: string | null, reason: string): object => ({
    shard_id: shardId,
    sequence_number: sequence(number),
    sub_sequence: 2,
    arrival_time: arrivalTime,
    data,
    data_base64: data === null ? '/w==' : null,
    rejection_reason: reason,
    rejection_detail: `why ${number}`,
  })
  const manifest = (mark: number, lake: Record<string, { key: string }[]>): DatasetManifest =>
    ({ marks: { [shardId]: sequence(mark) }, lake: { _rejected: lake } }) as unknown as DatasetManifest

  const find = (
    live: DatasetManifest | null,
    options: Partial<RejectedFilter & { limit: number }> = {},
  ): Promise<Rejected> => {
    const { limit = 20, ...filter } = options
    return findRejected({
      archive,
      model,
      manifest: live,
      filter: { ...none, ...filter },
      limit,
      scratchDir: dir,
    })
  }
  const listed = ({ records }: Rejected): unknown[] =>
    records.map(({ sequenceNumber, subSequence, side, reason, eventType }) => [
      Number(sequenceNumber),
      subSequence,
      side,
      reason,
      eventType,
    ])

  it('is all in the raw archive while no dataset is live, each once, those in aggregates by their place', async () => {
    const early = day('2026-03-01T10:00:00Z')
    await archived(1, early, taken, 'junk', '{"type":"reading"}')
    await archived(3, early, '{"type":"reading"}', aggregateOf([taken, '[]']), Buffer.from([0xff]))
    const found = await find(null)
    expect(listed(found)).toEqual([
      [5, 0, 'speed', 'not_utf8', null],
      [4, 1, 'speed', 'not_an_object', null],
      [3, 0, 'speed', 'invalid', 'reading'],
      [2, 0, 'speed', 'not_json', null],
    ])
    expect(found.records[0]).toMatchObject({ data: null, dataBase64: '/w==' })
    expect(found.counts).toHaveLength(4)
  })

  it('is in the live dataset below the marks, and says what the definitions would take now', async () => {
    const [first, second] = [day('2026-03-01T23:59:59.999Z'), day('2026-03-02T00:00:00Z')]
    await archived(1, second, 'below', 'below')
    await archived(2, second, 'below', 'above')
    await lakeFile('lake/first', [lakeRow(1, first, taken, 'unknown_type'), lakeRow(0, first, null, 'not_utf8')])
    await lakeFile('lake/second', [lakeRow(2, second, '{"type":"reading"}', 'invalid')])
    const live = manifest(2, { '2026-03-01': [{ key: 'lake/first' }], '2026-03-02': [{ key: 'lake/second' }] })
    const found = await find(live)
    expect(listed(found)).toEqual([
      [3, 0, 'speed', 'not_json', null],
      [2, 2, 'batch', 'invalid', 'reading'],
      [1, 2, 'batch', 'unknown_type', 'plain'],
      [0, 2, 'batch', 'not_utf8', null],
    ])
    expect(found.counts).toContainEqual({ reason: 'unknown_type', eventType: 'plain', batch: 1, speed: 0, takenNow: 1 })
    expect(listed(await find(live, { to: second }))).toHaveLength(2)
    expect(listed(await find(live, { from: second }))).toHaveLength(2)
    expect(listed(await find(live, { reason: 'invalid' }))).toEqual([[2, 2, 'batch', 'invalid', 'reading']])
    expect(listed(await find(live, { type: 'plain' }))).toEqual([[1, 2, 'batch', 'unknown_type', 'plain']])
    expect(render(rejectedAnswer(found, 'table'), 'table')).toMatch(quoted('rejected'))
  })

  it('is shown without its bytes where the definitions have a secret, on either side', async () => {
    const call = event('call', { token: secret(z.string()) })
    const calls = metric('calls', call.count('calls'), { per: 'day' })
    const before = model
    model = compileDefinitions({ call, calls }, await loadHash64())
    const at = day('2026-03-01T10:00:00Z')
    const text = '{"type":"call","token":"hush"}'
    await archived(1, at, 'below')
    await archived(2, at, text, '{"token":"hush"', Buffer.from('hush\xff', 'latin1'))
    const late = `{"type":"call","at":"2026-03-01T00:00:00Z","token":"hush"}`
    await lakeFile('lake/before', [lakeRow(0, at, late, 'unknown_type'), lakeRow(1, at, text, 'invalid')])
    const found = await find(manifest(1, { '2026-03-01': [{ key: 'lake/before' }] }))
    model = before
    expect(listed(found)).toEqual([
      [4, 0, 'speed', 'not_utf8', null],
      [3, 0, 'speed', 'not_json', null],
      [2, 0, 'speed', 'invalid', 'call'],
      [1, 2, 'batch', 'invalid', 'call'],
      [0, 2, 'batch', 'unknown_type', 'call'],
    ])
    expect(JSON.stringify(found)).not.toMatch(/hush|aHVzaA/)
    expect(found.counts).toContainEqual(expect.objectContaining({ reason: 'unknown_type', takenNow: 1 }))
  })

  it('is counted in full and listed up to the limit, the last to arrive first', async () => {
    for (let number = 1; number <= 1500; number++) await archived(number, number, 'x')
    const found = await find(null, { limit: 3 })
    expect(found.counts).toEqual([{ reason: 'not_json', eventType: null, batch: 0, speed: 1500, takenNow: 0 }])
    expect(listed(found).map((row) => (row as unknown[])[0])).toEqual([1500, 1499, 1498])
    expect(render(rejectedAnswer(found, 'table'), 'table')).toContain('The last 3 of 1,500')
  })

  it('is shortened in a table and whole in JSON', async () => {
    await archived(1, 1, `${'y'.repeat(5000)}\u001b[31m`)
    const found = await find(null)
    expect(render(rejectedAnswer(found, 'csv'), 'csv').length).toBeLessThan(500)
    expect(JSON.parse(render(rejectedAnswer(found, 'json'), 'json')).records[0].data).toHaveLength(5005)
  })
})
