import { LocalWarehouse } from './local-warehouse.ts'

let warehouse: LocalWarehouse

beforeAll(async () => {
  warehouse = await LocalWarehouse.start()
  await warehouse.prepare(
    'CREATE TABLE notes (id bigint, note varchar(1000), day date, amount numeric(20,4), kept boolean)',
  )
})

afterAll(() => warehouse.stop())

const HARD = [
  "it's",
  "\\'; DROP TABLE notes; --",
  'back\\slash\\\\n',
  '"double"',
  '🌊 tide 潮',
  '\u0001\t\r\n',
  '$1 :name ::int',
  '%_?',
  ' ',
  'null',
  '\u2028',
]

test.each(HARD)('%j comes back byte for byte', async (note) => {
  await warehouse.run('DELETE FROM notes')
  const parameters = { Parameters: [{ name: 'note', value: note }] }
  expect(await warehouse.run('INSERT INTO notes (note) VALUES (:note)', parameters)).toMatchObject({
    Status: 'FINISHED',
    ResultRows: 1,
  })
  expect(await warehouse.rows('SELECT note FROM notes WHERE note = :note', { note })).toEqual([[note]])
})

test('the type is inferred where the name stands, at each use anew', async () => {
  await warehouse.run('DELETE FROM notes')
  const sql = 'INSERT INTO notes (id, note, day, amount, kept) VALUES (:n, :n, :day, :amount, :kept)'
  const values = { n: '12', day: '2026-02-03', amount: '3.14159', kept: 'true' }
  await warehouse.run(sql, { Parameters: Object.entries(values).map(([name, value]) => ({ name, value })) })
  expect(
    await warehouse.rows('SELECT * FROM notes WHERE id = :id AND day >= :day', { id: '12', day: '2026-02-01' }),
  ).toEqual([[12, '12', '2026-02-03', '3.1416', true]])
})

test('literals, quoted names, comments and casts are left alone', async () => {
  const sql = `SELECT ':a' || 'it''s :a' || 'a \\' :a' AS ":a", /* :a /* :a */ :a */ CAST(:b AS int) + 1::int, -- :a
    $x$ :a $x$, :b`
  expect(await warehouse.rows(sql, { b: '7' })).toEqual([[":ait's :aa ' :a", 8, ' :a ', '7']])
})

test('a backslash escapes in plain literals, as in Redshift', async () => {
  expect(await warehouse.rows("SELECT 'a\\'b', 'c\\\\d', length('\\n')")).toEqual([["a'b", 'c\\d', 1]])
})

test('a batch shares its parameters, and each statement uses what it needs', async () => {
  const parameters = [
    { name: 'a', value: '1' },
    { name: 'b', value: '2' },
  ]
  const sqls = ['DELETE FROM notes', 'INSERT INTO notes (id) VALUES (:a)', 'INSERT INTO notes (id) VALUES (:b)']
  expect(await warehouse.batch(sqls, { Parameters: parameters })).toMatchObject({
    Status: 'FINISHED',
    QueryParameters: parameters,
  })
  expect(await warehouse.rows('SELECT id FROM notes ORDER BY id')).toEqual([[1], [2]])
})

test.each([
  [
    'an unused one',
    'SELECT :a',
    [
      ['a', '1'],
      ['b', '2'],
    ],
    'unused parameters. Unused parameters: [b]',
  ],
  ['one inside a literal only', "SELECT ':a'", [['a', '1']], 'unused parameters. Unused parameters: [a]'],
  ['a missing one', 'SELECT :a, :b', [['a', '1']], 'Cannot find parameter: b'],
  ['an empty one', 'SELECT :a', [['a', '']], "can't be NULL or empty"],
  [
    'one given twice',
    'SELECT :a',
    [
      ['a', '1'],
      ['a', '2'],
    ],
    'holds a name twice',
  ],
  ['a name with a sign', 'SELECT :a', [['a-b', '1']], 'not made of letters'],
  ['more than 200', 'SELECT :a', Array.from({ length: 201 }, (_, n) => [`p${n}`, '1']), 'at most 200'],
])('refuses %s', async (_, sql, parameters, message) => {
  const list = parameters.map(([name = '', value]) => ({ name, value }))
  await expect(warehouse.run(sql, { Parameters: list })).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining(message),
  })
})

test('a name without any parameters is a syntax error, as in Redshift', async () => {
  expect((await warehouse.run('SELECT :a')).Error).toContain('ERROR: syntax error at or near ":"')
})
