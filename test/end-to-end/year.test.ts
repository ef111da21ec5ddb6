import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { MetricPage, StatusAnswer, WindowAnswer } from '../../cli/answers.ts'
import type { Connection } from '../../cli/connection.ts'
import { feed } from '../../cli/feed.ts'
import { queryMetric } from '../../cli/metric-query.ts'
import { isBad, recordOf } from '../../cli/ndjson.ts'
import { flightsCsv } from '../../cli/samples/download.ts'
import { type FlightEvent, flights } from '../../cli/samples/flights.ts'
import { seededRandom, shuffledLate } from '../../cli/samples/shuffle.ts'
import { rawFiles } from '../../cli/verify/raw-files.ts'
import { migrate } from '../../lambdas/batch/migrate.ts'
import { boundBy, type CheckParts, checkAll } from '../../scripts/demo/checks.ts'
import { FlightsOracle } from '../../scripts/demo/oracle.ts'
import { waitUntilCommitted } from '../../scripts/demo/stage.ts'
import type { StreamRecord } from '../../stores/stream/stream.ts'
import { loadBuiltModel } from './built-model.ts'
import { StageUnderTest } from './stage-under-test.ts'

const projectDir = join(import.meta.dirname, '..', '..')
const year = { from: Date.parse('2012-01-01'), to: Date.parse('2015-01-01') }
const seed = 20_130_101
const lateness = { share: 0.05, atMostMs: 3 * 86_400_000 }

const progress = {
  say: () => undefined,
  update: () => undefined,
  end: () => undefined,
} as unknown as CheckParts['progress']

/**
 * The whole year on the laptop stage, on real PostgreSQL, Valkey and Spark, held to a count from the CSV that shares
 * nothing with the product. The tests are one story, in order.
 */
describe('a year of flights', () => {
  let stage: StageUnderTest
  let connection: Connection
  let oracle: FlightsOracle
  let records: StreamRecord[]
  let parts: CheckParts

  beforeAll(async () => {
    const csvPath = await flightsCsv(projectDir, () => undefined)
    records = await recordsOf(csvPath)
    oracle = await FlightsOracle.open(csvPath)
    stage = await StageUnderTest.create()
    await stage.tidemark('local', 'up')
    connection = await stage.connect()
    parts = {
      connection,
      oracle,
      progress,
      files: rawFiles(await connection.archive(), join(stage.home, 'raw-copy'), () => undefined),
    }
  })

  afterAll(async () => {
    oracle?.close()
    await stage?.end()
  })

  const stream = async (some: readonly StreamRecord[]): Promise<void> => {
    const { lastSequenceNumbers } = await feed(await connection.stream(), each(some))
    await waitUntilCommitted(connection, lastSequenceNumbers, progress)
  }

  const expectAllEqual = async (step: string): Promise<void> => {
    const rows = await checkAll(step, parts)
    expect(rows.map(({ metric, differing, equal }) => ({ metric, differing, equal }))).toEqual(
      ['departures', 'arrival_delay_minutes', 'aircraft'].map((metric) => ({ metric, differing: 0, equal: true })),
    )
    expect(rows.every(({ rootMeanSquare }) => rootMeanSquare === null || rootMeanSquare <= 1)).toBe(true)
  }

  const ask = (metric: string, rest: Partial<Parameters<typeof queryMetric>[1]> = {}): Promise<MetricPage> =>
    queryMetric(connection.api, { metric, interval: year, ...rest })

  const expectWindowEqual = async (metric: 'departures' | 'arrival_delay_minutes' | 'aircraft'): Promise<void> => {
    const answer = await connection.api.get<WindowAnswer>(`/v1/windows/${metric}`, { last: '1h', asOf: 'latest' })
    expect(answer.receipt.refilling).toBe(false)
    await boundBy({ positions: answer.receipt.positions, tidemark: {} }, parts)
    const counted = Number(await oracle.within(metric, answer.from, answer.to))
    const served = Number(answer.rows[0]?.value)
    // Up to some dozens of aircraft, an estimate is off by at most one.
    expect(Math.abs(served - counted)).toBeLessThanOrEqual(metric === 'aircraft' ? 1 : 0)
  }

  const expectWindowsEqual = async (): Promise<void> => {
    for (const metric of ['departures', 'arrival_delay_minutes', 'aircraft'] as const) await expectWindowEqual(metric)
  }

  it('is answered by speed alone before any recompute', async () => {
    await stream(records.slice(0, 112_000))
    await expectAllEqual('speed alone')
    await expectWindowsEqual()
  })

  it('is answered by both layers while flights keep arriving', async () => {
    const arriving = feed(await connection.stream(), each(records.slice(112_000, 190_000)), { rate: 1500 })
    await stage.tidemark('recompute')
    await expectAllEqual('recomputed, flights arriving')
    await expectLayersToMerge(ask)
    const { lastSequenceNumbers } = await arriving
    await waitUntilCommitted(connection, lastSequenceNumbers, progress)
    await expectWindowsEqual()
  })

  it('is answered exactly by batch once all is recomputed', async () => {
    await stream(records.slice(190_000))
    await expectWindowsEqual()
    await untilArchived(connection)
    await stage.tidemark('recompute')
    await expectAllEqual('all recomputed')
    for (const by of [['origin'], []]) {
      const page = await ask('aircraft', { per: 'day', by })
      expect(page.receipt.exact).toBe(true)
      expect(page.rows.length).toBeGreaterThan(300)
    }
    const verified = await stage.run(['verify'])
    expect(verified).toMatchObject({ exitCode: 0 })
  })

  it('stands in the lake by columns, of which another engine counts the same', async () => {
    const { files } = JSON.parse(await stage.tidemark('lake', 'flight', '--json')) as { files: { url: string }[] }
    const archive = await connection.archive()
    const dir = join(stage.home, 'lake-copy')
    await mkdir(dir)
    for (const [number, { url }] of files.entries()) {
      const body = await archive.getObject(url.replace(`s3://${connection.outputs.dataBucketName}/`, ''))
      await writeFile(join(dir, `${number}.parquet`), body ?? '')
    }
    const duckdb = await DuckDBInstance.create(':memory:')
    const reader = await duckdb.connect()
    const found = await reader.runAndReadAll(
      `SELECT carrier, sum("arrivalDelayMinutes")::BIGINT AS minutes, count(*) FILTER (NOT cancelled) AS flights
       FROM read_parquet('${join(dir, '*.parquet')}') GROUP BY carrier ORDER BY carrier`,
    )
    reader.closeSync()
    duckdb.closeSync()
    const byCarrier = async (metric: string): Promise<Map<unknown, unknown>> => {
      const { rows } = await ask(metric, { per: 'total', by: ['carrier'] })
      return new Map(rows.map(({ by, value }) => [by.carrier, value]))
    }
    const [minutes, departures] = [await byCarrier('arrival_delay_minutes'), await byCarrier('departures')]
    const counted = found.getRowObjectsJson().map(({ carrier, minutes: sum, flights: number }) => ({
      carrier,
      minutes: Number(sum),
      flights: Number(number),
    }))
    expect(counted).toEqual(
      [...departures].map(([carrier, flights]) => ({ carrier, minutes: minutes.get(carrier), flights })),
    )
    expect(counted).toHaveLength(16)
  })

  it('is answered the same after a rollback: the speed side widens', async () => {
    await stage.tidemark('rollback')
    await expectAllEqual('rolled back')
  })

  it('is recomputed to the same rows in full as in increments', async () => {
    await stage.tidemark('recompute')
    const incremental = await slotRows(connection)
    await stage.tidemark('recompute', '--full')
    const full = await slotRows(connection)
    expect(full.dataset).not.toBe(incremental.dataset)
    expect(full.kind).toBe('full')
    expect(incremental.kind).toBe('incremental')
    expect(full.tables).toEqual(incremental.tables)
    expect(full.tables.every(({ rows }) => rows > 0)).toBe(true)
  })

  it('comes back from the raw archive after every view and dataset is deleted', async () => {
    await deleteViewsAndDatasets(connection)
    await expect(ask('departures')).rejects.toThrow()
    const model = await loadBuiltModel(stage.home)
    await migrate(await connection.warehouse(), { data: async () => model.data }, model.data, 'postgres')
    await stage.tidemark('recompute', '--full')
    await expectAllEqual('from the raw archive')
  })

  it('keeps junk apart, and gives odd dimensions back as they went in', async () => {
    const odd = ["it's", '\\', "\\'", '"q"', '\u0001\u001f', '🛫 a', "'; DROP TABLE speed.rows; --", '']
    const lines = odd.map((carrier, number) => JSON.stringify({ ...oddFlight, id: `odd-${number}`, carrier }))
    const ingested = await stage.run(
      ['ingest', '-'],
      ['no json', '{"type":"train"}', '{"type":"flight"}', ...lines].join('\n'),
    )
    expect(ingested.exitCode).toBe(1)
    expect(ingested.stderr + ingested.stdout).toMatch('-:1 is not JSON')
    const interval = { from: Date.parse('2020-02-02'), to: Date.parse('2020-02-03') }
    await untilAnswered(
      async () =>
        (await queryMetric(connection.api, { metric: 'departures', interval, by: ['carrier'] })).rows.length ===
        odd.length,
    )
    const carriers = async (): Promise<unknown[]> =>
      (await queryMetric(connection.api, { metric: 'departures', interval, by: ['carrier'] })).rows
        .map(({ by }) => by.carrier)
        .sort()
    const expected = [...odd].sort()
    expect(await carriers()).toEqual(expected)
    for (const carrier of odd) {
      const page = await queryMetric(connection.api, {
        metric: 'departures',
        interval,
        where: [`carrier=${carrier}`],
        per: 'day',
      })
      expect(page.rows.map(({ value }) => value)).toEqual([1])
    }
    await untilArchived(connection)
    await stage.tidemark('recompute')
    expect(await carriers()).toEqual(expected)
    const rejected = await connection.api.get<MetricPage>('/v1/metrics/rejected', { per: 'total', by: 'reason' })
    expect(rejected.rows.map(({ by, value }) => [by.reason, value])).toEqual([
      ['invalid', 1],
      ['unknown_type', 1],
    ])
    expect((await stage.run(['verify'])).exitCode).toBe(0)
  })

  it('refuses what it cannot answer, and says what it could', async () => {
    const refused = async (path: string, query: Record<string, string>): Promise<unknown> =>
      connection.api.get(path, query).then(
        () => 'answered',
        (error: { problem?: { status: number; code: string; allowed?: unknown } }) => error.problem,
      )
    expect(await refused('/v1/metrics/landings', {})).toMatchObject({
      status: 404,
      code: 'unknown_metric',
      allowed: expect.arrayContaining(['departures']),
    })
    expect(await refused('/v1/metrics/departures', { by: 'airline' })).toMatchObject({
      status: 400,
      code: 'unknown_dimension',
      allowed: ['carrier', 'origin'],
    })
    expect(await refused('/v1/metrics/aircraft', { per: 'hour' })).toMatchObject({
      status: 400,
      code: 'unknown_bucket',
      allowed: ['day', 'week', 'month', 'year', 'total'],
    })
    expect(await refused('/v1/metrics/aircraft', { from: '2013-01-01T05:00:00Z' })).toMatchObject({
      status: 400,
      code: 'unaligned_range',
    })
    expect(await refused('/v1/metrics/departures', { from: '2013-02-01', to: '2013-01-01' })).toMatchObject({
      status: 400,
      code: 'empty_range',
    })
    expect(await refused('/v1/windows/departures', { last: '5h' })).toMatchObject({ status: 400, code: 'invalid_last' })
  })
})

const oddFlight = {
  type: 'flight',
  at: '2020-02-02T02:02:02Z',
  flight: 1,
  tailnum: null,
  origin: 'EWR',
  dest: 'IAH',
  departureDelayMinutes: null,
  arrivalDelayMinutes: null,
  cancelled: false,
}

const recordsOf = async (csvPath: string): Promise<StreamRecord[]> => {
  const events: FlightEvent[] = []
  for await (const event of flights(csvPath)) events.push(event)
  return shuffledLate(events, lateness, seededRandom(seed)).map((event, index) => {
    const record = recordOf(JSON.stringify(event), index + 1)
    if (isBad(record)) throw new Error(record.reason)
    return record
  })
}

const each = async function* (records: readonly StreamRecord[]): AsyncGenerator<StreamRecord> {
  yield* records
}

const untilAnswered = async (isSo: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 60_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('What was waited for did not come within a minute.')
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

const untilArchived = (connection: Connection): Promise<void> =>
  untilAnswered(async () => {
    const { shards } = await connection.api.get<StatusAnswer>('/v1/status')
    return shards.every(({ archive, speedTable }) => (archive ?? '') >= (speedTable ?? ''))
  })

type Ask = (metric: string, rest?: { per?: string; by?: readonly string[]; layer?: string }) => Promise<MetricPage>

/** Batch's part and speed's part add up to the whole: of one snapshot, so all three are asked until they agree on one. */
const expectLayersToMerge = async (ask: Ask): Promise<void> => {
  for (const [metric, by] of [
    ['departures', ['carrier', 'origin']],
    ['arrival_delay_minutes', ['carrier']],
  ] as const) {
    const [whole, batch, speed] = await ofOneSnapshot(() =>
      Promise.all(
        [undefined, 'batch', 'speed'].map((layer) => ask(metric, { by, ...(layer === undefined ? {} : { layer }) })),
      ),
    )
    expect(batch?.rows.length).toBeGreaterThan(0)
    expect(speed?.rows.length).toBeGreaterThan(0)
    const added = new Map<string, number>()
    for (const { bucket, by: dims, value } of [...(batch?.rows ?? []), ...(speed?.rows ?? [])]) {
      const key = JSON.stringify([bucket, dims])
      added.set(key, (added.get(key) ?? 0) + Number(value))
    }
    expect(
      new Map(whole?.rows.map(({ bucket, by: dims, value }) => [JSON.stringify([bucket, dims]), Number(value)])),
    ).toEqual(added)
    expect(Object.keys(whole?.receipt.tidemark ?? {})).toHaveLength(4)
  }
}

const ofOneSnapshot = async (askAll: () => Promise<MetricPage[]>): Promise<MetricPage[]> => {
  for (let attempt = 1; attempt <= 60; attempt++) {
    const pages = await askAll()
    const snapshots = new Set(pages.map(({ receipt }) => JSON.stringify([receipt.dataset, receipt.positions])))
    if (snapshots.size === 1) return pages
  }
  throw new Error('No three answers were of one snapshot.')
}

/** A digest of each batch table's rows of the live dataset. */
const slotRows = async (connection: Connection) => {
  const warehouse = await connection.warehouse()
  const [[live] = []] = await warehouse.run({
    statements: [
      'SELECT c.live_dataset_id, c.blue_dataset_id, d.kind FROM ledger.control c JOIN ledger.dataset d ON d.dataset_id = c.live_dataset_id',
    ],
  })
  const slot = live?.live_dataset_id === live?.blue_dataset_id ? 'blue' : 'green'
  const metrics = await connection.api.get<{ metrics: { name: string; version: string; by: string[] }[] }>(
    '/v1/metrics',
    {},
  )
  const tables = []
  for (const { name, version, by } of metrics.metrics.filter((metric) => metric.name !== 'rejected')) {
    const columns = ['bucket', ...by, 'component', 'value'].map((column) => `"${column}"`).join(', ')
    const [[row] = []] = await warehouse.run({
      statements: [
        `SELECT COUNT(*) AS row_count, MD5(STRING_AGG(MD5(CAST(r AS VARCHAR)), '' ORDER BY CAST(r AS VARCHAR))) AS digest
FROM (SELECT ${columns} FROM batch_${slot}."${name}_${version}" WHERE dataset_id = '${live?.live_dataset_id}') r`,
      ],
    })
    tables.push({ name, rows: Number(row?.row_count), digest: row?.digest })
  }
  return { dataset: live?.live_dataset_id, kind: live?.kind, tables }
}

const deleteViewsAndDatasets = async (connection: Connection): Promise<void> => {
  const warehouse = await connection.warehouse()
  await warehouse.run({
    statements: [
      'DROP SCHEMA analytics CASCADE',
      'DROP SCHEMA batch_blue CASCADE',
      'DROP SCHEMA batch_green CASCADE',
      'DELETE FROM ledger.dataset',
      'DELETE FROM ledger.mark',
      'DELETE FROM ledger.dataset_metric',
      'DELETE FROM ledger.parity',
      'DELETE FROM ledger.parity_bucket',
      'DELETE FROM ledger.control',
    ],
  })
}
