import { onlyReads } from '../../cli/commands/sql.ts'

describe('onlyReads', () => {
  it.each([
    'select 1',
    '  WITH a AS (SELECT 1) SELECT * FROM a;',
    'explain select 1',
    "select 'drop table x; --' as text",
    'select "update" from t -- delete',
    "select 'it\\'s; delete' as text",
    '/* first */ select 1',
  ])('takes %s', (statement) => {
    expect(onlyReads(statement)).toBe(true)
  })

  it.each([
    '',
    'delete from speed.rows',
    'select 1; select 2',
    'with a as (delete from t returning *) select * from a',
    'select 1 into t',
    "select '\\'; drop table t; --'; delete from t",
    'explain analyze delete from t',
    'truncate t',
  ])('refuses %s', (statement) => {
    expect(onlyReads(statement)).toBe(false)
  })
})
