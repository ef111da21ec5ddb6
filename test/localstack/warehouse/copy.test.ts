import { readFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { LocalWarehouse } from './local-warehouse.ts'

let warehouse: LocalWarehouse

beforeAll(async () => {
  warehouse = await LocalWarehouse.start()
})

afterAll(() => warehouse.stop())

beforeEach(async () => {
  warehouse.store.objects.clear()
  await warehouse.prepare(
    'DROP TABLE IF EXISTS facts',
    'CREATE TABLE facts (id bigint NOT NULL, name varchar(2000), amount numeric(20,4), at timestamp, kept boolean)',
  )
})

const ROLE = "IAM_ROLE 'arn:aws:iam::000000000000:role/copy'"
const copy = (rest: string, table = 'facts') => warehouse.run(`COPY ${table} FROM ${rest}`)
const all = () => warehouse.rows('SELECT * FROM facts ORDER BY id')
const lines = (...records: object[]) => `${records.map((record) => JSON.stringify(record)).join('\n')}\n`

/** Parquet as another program writes it. */
async function parquet(select: string): Promise<Buffer> {
  const path = join(tmpdir(), `copy-test-${process.pid}.parquet`)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`)
  connection.closeSync()
  instance.closeSync()
  const bytes = readFileSync(path)
  await rm(path)
  return bytes
}

describe('JSON', () => {
  const HARD = [
    "it's",
    "\\' --",
    'back\\slash\\\\n',
    '"double"',
    '🌊',
    '\u0001\u001f\t\r\n',
    '\\N',
    '',
    ' ',
    'null',
    '\\.',
    '\u2028\u00e9',
  ]

  test('strings come back byte for byte, an empty one stays empty', async () => {
    warehouse.put('a.json', lines(...HARD.map((name, id) => ({ id, name }))))
    expect(await copy(`'s3://lake/a.json' ${ROLE} JSON 'auto'`)).toMatchObject({
      Status: 'FINISHED',
      ResultRows: HARD.length,
      HasResultSet: false,
    })
    expect(await warehouse.rows('SELECT id, name FROM facts ORDER BY id')).toEqual(HARD.map((name, id) => [id, name]))
  })

  test('fields go by name, missing ones and null are NULL, numbers keep their digits', async () => {
    warehouse.put(
      'p/1.gz',
      gzipSync(lines({ other: 1, kept: true, at: 1767323045678, ID: 5, id: 1 }, { id: 2, name: null })),
    )
    warehouse.put(
      'p/2.gz',
      gzipSync('{"id":9223372036854775807,"amount":1234567890123456.7891,"name":12.50}\n\n{"id":3,"at":""}'),
    )
    expect(
      await copy(`'s3://lake/p/' ${ROLE} FORMAT AS JSON AS 'auto' GZIP TIMEFORMAT AS 'epochmillisecs'`),
    ).toMatchObject({ Status: 'FINISHED', ResultRows: 4 })
    expect(
      await warehouse.rows('SELECT CAST(id AS varchar), name, amount, at, kept FROM facts ORDER BY facts.id'),
    ).toEqual([
      ['1', null, null, '2026-01-02 03:04:05.678', true],
      ['2', null, null, null, null],
      ['3', null, null, null, null],
      ['9223372036854775807', '12.50', '1234567890123456.7891', null, null],
    ])
  })

  test("the names' case counts, unless it is to be ignored", async () => {
    warehouse.put('a.json', lines({ id: 1, Name: 'x' }))
    await copy(`'s3://lake/a.json' ${ROLE} JSON 'auto'`)
    await copy(`'s3://lake/a.json' ${ROLE} JSON 'auto ignorecase'`)
    expect(await warehouse.rows('SELECT name FROM facts ORDER BY name')).toEqual([['x'], [null]])
  })

  test.each([
    ['{"id":1}\n{"id":', 'a.json, after record 1: Invalid JSON format'],
    ['[1]', 'one object is expected on each line'],
    ['{"id":01}', 'Invalid JSON format'],
    ['{"id":1,"name":"\\ud800"}', 'half a surrogate pair'],
    ['{"id":1,"name":{"a":1}}', 'holds an object or a list'],
    ['{"id":"x"}', 'invalid input syntax for type bigint: "x"'],
    ['{"name":"x"}', 'null value in column "id"'],
  ])('%j fails the load', async (text, message) => {
    warehouse.put('a.json', text)
    expect(await copy(`'s3://lake/a.json' ${ROLE} JSON 'auto'`)).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining(message),
    })
    expect(await all()).toEqual([])
  })

  test('text that is not UTF-8 fails the load', async () => {
    warehouse.put('a.json', Buffer.concat([Buffer.from('{"id":1,"name":"'), Buffer.from([0xff]), Buffer.from('"}')]))
    expect(await copy(`'s3://lake/a.json' ${ROLE} JSON 'auto'`)).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('not valid'),
    })
  })
})

describe('CSV', () => {
  test('quotes are doubled, a backslash is itself, \\N is NULL, an empty text is empty', async () => {
    warehouse.put(
      'a.csv',
      '1,"a ""b"", c\nd\\e",1.5,2026-01-02 03:04:05,t\r\n2,,,,\n3,\\N,\\N,\\N,\\N\n4,"\\N",0,2026-01-02,false',
    )
    expect(await copy(`'s3://lake/a.csv' ${ROLE} CSV`)).toMatchObject({ Status: 'FINISHED', ResultRows: 4 })
    expect(await all()).toEqual([
      [1, 'a "b", c\nd\\e', '1.5000', '2026-01-02 03:04:05', true],
      [2, '', null, null, null],
      [3, null, null, null, null],
      [4, '\\N', '0.0000', '2026-01-02 00:00:00', false],
    ])
  })

  test('columns, delimiter, header and null text can be named; EMPTYASNULL holds for text', async () => {
    warehouse.put('a.csv', 'name;id\n;1\n-;2\nx;3\n')
    const options = "FORMAT AS CSV DELIMITER ';' IGNOREHEADER 1 NULL AS '-' EMPTYASNULL"
    expect(await copy(`'s3://lake/a.csv' ${ROLE} ${options}`, 'public.facts (name, "id")')).toMatchObject({
      Status: 'FINISHED',
    })
    expect(await warehouse.rows('SELECT id, name FROM facts ORDER BY id')).toEqual([
      [1, null],
      [2, null],
      [3, 'x'],
    ])
  })

  test.each([
    ['1,a,1,\n', 'Delimiter not found: 4 fields for 5 columns'],
    ['1,a,1,,,\n', 'Extra column(s) found'],
    ['1,"a,1,,\n', 'the quote is not closed'],
    ['1,"a"b,1,,\n', 'after the closing quote'],
  ])('%j fails the load', async (text, message) => {
    warehouse.put('a.csv', text)
    expect(await copy(`'s3://lake/a.csv' ${ROLE} CSV`)).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining(message),
    })
  })

  test('records that end anywhere in a piece are read alike', async () => {
    const text = Array.from({ length: 5_000 }, (_, id) => `${id},"${'é"",\r\n'.repeat(id % 40)}",${id}.25,,t`).join(
      '\r\n',
    )
    warehouse.put('a.csv', text)
    expect(await copy(`'s3://lake/a.csv' ${ROLE} CSV`)).toMatchObject({ Status: 'FINISHED', ResultRows: 5_000 })
    expect(await warehouse.rows('SELECT name FROM facts WHERE id = 39')).toEqual([['é",\r\n'.repeat(39)]])
    expect(await warehouse.rows('SELECT sum(length(name)), sum(amount) FROM facts')).toEqual([
      [487_500, '12498750.0000'],
    ])
  })
})

describe('Parquet', () => {
  const ROW = `SELECT CAST(range AS BIGINT) AS id, 'it''s "\\ 🌊' || chr(10) || range AS n, CAST('1234567890123456.7891' AS DECIMAL(20,4)) AS a,
    TIMESTAMP '2026-01-02 03:04:05.678901' AS t, true AS k FROM range`

  test('columns go by position, values stay exact, many files are one load', async () => {
    for (const part of [0, 1, 2]) warehouse.put(`d/part-${part}.parquet`, await parquet(`${ROW}(${part}, ${part + 1})`))
    warehouse.put('d/_SUCCESS', '')
    expect(await copy(`'s3://lake/d/' ${ROLE} FORMAT AS PARQUET`)).toMatchObject({ Status: 'FINISHED', ResultRows: 3 })
    expect(await all()).toEqual(
      [0, 1, 2].map((id) => [id, `it's "\\ 🌊\n${id}`, '1234567890123456.7891', '2026-01-02 03:04:05.678901', true]),
    )
  })

  test('NULL and the empty string differ, times with a zone are UTC, 64 bits stay', async () => {
    const select = `SELECT 9223372036854775807 AS id, '' AS n, CAST(NULL AS DECIMAL(20,4)), TIMESTAMPTZ '2026-01-02 03:04:05.000001+02', NULL::BOOLEAN
      UNION ALL SELECT 1::BIGINT, NULL, -0.0001, NULL, false`
    warehouse.put('d/a', await parquet(select))
    await copy(`'s3://lake/d/a' ${ROLE} PARQUET`)
    expect(
      await warehouse.rows('SELECT CAST(id AS varchar), name, amount, at, kept FROM facts ORDER BY facts.id'),
    ).toEqual([
      ['1', null, '-0.0001', null, false],
      ['9223372036854775807', '', null, '2026-01-02 01:04:05.000001', null],
    ])
  })

  test('files with their columns in another order are read by position all the same', async () => {
    await warehouse.prepare('DROP TABLE facts', 'CREATE TABLE facts (a varchar(10), b varchar(10))')
    warehouse.put('d/1', await parquet("SELECT 'a1' AS x, 'b1' AS y"))
    warehouse.put('d/2', await parquet("SELECT 'a2' AS y, 'b2' AS x"))
    await copy(`'s3://lake/d/' ${ROLE} PARQUET`)
    expect(await warehouse.rows('SELECT * FROM facts ORDER BY a')).toEqual([
      ['a1', 'b1'],
      ['a2', 'b2'],
    ])
  })

  test.each([
    ['SELECT 1::BIGINT AS id', 'have 1 columns (id); 5 are to be loaded'],
    [
      `SELECT 1::INTEGER, 'x', 1::DECIMAL(20,4), now()::TIMESTAMP, true`,
      'is INTEGER, which the column id (int8) does not take',
    ],
    [
      `SELECT 1::BIGINT, 'x', 1.5::DOUBLE, now()::TIMESTAMP, true`,
      'is DOUBLE, which the column amount (numeric) does not take',
    ],
    [`SELECT NULL::BIGINT, 'x', 1::DECIMAL(20,4), now()::TIMESTAMP, true`, 'null value in column "id"'],
  ])('%s fails the load', async (select, message) => {
    warehouse.put('d/a', await parquet(select))
    expect(await copy(`'s3://lake/d/a' ${ROLE} PARQUET`)).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining(message),
    })
  })

  test('what is no Parquet fails the load', async () => {
    warehouse.put('d/a', 'not parquet, but long enough to be looked at')
    expect(await copy(`'s3://lake/d/a' ${ROLE} PARQUET`)).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringMatching(/^ERROR: .*parquet/i),
    })
  })

  test('no temporary folder is left', async () => {
    expect((await readdir(tmpdir())).filter((name) => name.startsWith(`tidemark-copy-${process.pid}-`))).toEqual([])
  })
})

describe('what is loaded', () => {
  const one = (id: number) => lines({ id })
  const ids = async () => (await warehouse.rows('SELECT id FROM facts ORDER BY id')).flat()

  test('a prefix without its slash takes its neighbours along', async () => {
    warehouse.put('metric=a/1', one(1))
    warehouse.put('metric=a/2', one(2))
    warehouse.put('metric=ab/1', one(3))
    await copy(`'s3://lake/metric=a/' ${ROLE} JSON 'auto'`)
    expect(await ids()).toEqual([1, 2])
    await copy(`'s3://lake/metric=a' ${ROLE} JSON 'auto'`)
    expect(await ids()).toEqual([1, 1, 2, 2, 3])
  })

  test('a prefix that no key has is an error', async () => {
    expect(await copy(`'s3://lake/none/' ${ROLE} JSON 'auto'`)).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining("prefix 'none/' does not exist"),
    })
  })

  test('a manifest names its files; only mandatory ones must exist', async () => {
    warehouse.put('a', one(1))
    warehouse.put('ab', one(2))
    const manifest = (...entries: object[]) => warehouse.put('m', JSON.stringify({ entries }))
    const load = () => copy(`'s3://lake/m' ${ROLE} JSON 'auto' MANIFEST`)
    manifest({ url: 's3://lake/a', mandatory: true }, { url: 's3://lake/gone' })
    expect(await load()).toMatchObject({ Status: 'FINISHED', ResultRows: 1 })
    expect(await ids()).toEqual([1])
    manifest({ url: 's3://lake/a', mandatory: true }, { url: 's3://lake/gone', mandatory: true })
    expect(await load()).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('s3://lake/gone, which the manifest calls mandatory'),
    })
    manifest({ url: 's3://lake/gone' })
    expect(await load()).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('names no object that exists'),
    })
    expect(await copy(`'s3://lake/none' ${ROLE} JSON 'auto' MANIFEST`)).toMatchObject({ Status: 'FAILED' })
  })

  test("of Parquet the manifest must give each file's length, rightly", async () => {
    const file = await parquet(`SELECT 1::BIGINT, 'x', 1::DECIMAL(20,4), now()::TIMESTAMP, true`)
    warehouse.put('a', file)
    const load = (meta: object) => {
      warehouse.put('m', JSON.stringify({ entries: [{ url: 's3://lake/a', mandatory: true, ...meta }] }))
      return copy(`'s3://lake/m' ${ROLE} FORMAT PARQUET MANIFEST`)
    }
    expect(await load({})).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('lacks meta.content_length'),
    })
    expect(await load({ meta: { content_length: file.length + 1 } })).toMatchObject({
      Status: 'FAILED',
      Error: expect.stringContaining('meta.content_length says'),
    })
    expect(await load({ meta: { content_length: file.length } })).toMatchObject({ Status: 'FINISHED', ResultRows: 1 })
  })

  test('COPY is part of its transaction, also into a temporary table', async () => {
    warehouse.put('a', one(7))
    const sqls = (last: string) => [
      'CREATE TEMP TABLE staged (id bigint NOT NULL)',
      `COPY staged FROM 's3://lake/a' IAM_ROLE default JSON 'auto'`,
      'INSERT INTO facts (id) SELECT id FROM staged',
      last,
    ]
    expect(await warehouse.batch(sqls('INSERT INTO facts (id) VALUES (NULL)'))).toMatchObject({ Status: 'FAILED' })
    expect(await ids()).toEqual([])
    expect(await warehouse.batch(sqls('SELECT count(*) FROM facts'))).toMatchObject({ Status: 'FINISHED' })
    expect(await ids()).toEqual([7])
  })

  test('a failed load leaves its connection fit for use', async () => {
    warehouse.put('a', `${one(1).repeat(20_000)}nonsense`)
    for (let n = 0; n < 15; n += 1)
      expect(await copy(`'s3://lake/a' ${ROLE} JSON 'auto'`)).toMatchObject({ Status: 'FAILED' })
    expect(await ids()).toEqual([])
  })
})

test.each([
  [`CSV MAXERROR 5`, 'COPY option MAXERROR is not implemented'],
  [`CSV COMPUPDATE OFF`, 'COPY option COMPUPDATE is not implemented'],
  [`CSV GZIP GZIP`, 'COPY option GZIP stands twice'],
  [`CSV JSON 'auto'`, 'COPY has two formats'],
  [`JSON 's3://lake/paths'`, "COPY option JSON 's3://lake/paths' is not implemented"],
  [`CSV TIMEFORMAT 'YYYY'`, "COPY option TIMEFORMAT 'YYYY' is not implemented"],
  [`PARQUET GZIP`, 'COPY option GZIP is not supported with PARQUET'],
  [`JSON 'auto' DELIMITER ','`, 'COPY option DELIMITER is not supported with JSON'],
  [``, 'COPY needs a format here'],
  [`CSV; SELECT 1`, 'syntax error at or near "SELECT"'],
])('refuses the options %j by name', async (options, message) => {
  expect(await copy(`'s3://lake/a' ${ROLE} ${options}`)).toMatchObject({
    Status: 'FAILED',
    Error: expect.stringContaining(message),
  })
})

test('a million rows load in seconds', async () => {
  await warehouse.prepare(
    'CREATE TABLE many (dataset_id varchar(40), bucket timestamp, country varchar(2), component varchar(40), value bigint)',
  )
  const select = `SELECT 'ds-20260101' AS d, TIMESTAMP '2026-01-01' + INTERVAL (range % 8760) HOUR AS b, 'de' AS c, 'r' || (range % 16384) AS r, range AS v FROM`
  for (const part of [0, 1, 2, 3])
    warehouse.put(`many/${part}`, await parquet(`${select} range(${part * 250_000}, ${(part + 1) * 250_000})`))
  const done = await copy(`'s3://lake/many/' ${ROLE} PARQUET`, 'many')
  expect(done).toMatchObject({ Status: 'FINISHED', ResultRows: 1_000_000 })
  expect(await warehouse.rows('SELECT count(*), sum(value), count(DISTINCT component) FROM many')).toEqual([
    [1_000_000, '499999500000', 16_384],
  ])
  expect((done.Duration ?? 0) / 1e9).toBeLessThan(20)
})
