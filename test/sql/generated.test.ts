import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decimal, event, metric, z } from 'tidemark'
import { catalogueOf } from '../../core/catalogue.ts'
import { compileDefinitions } from '../../core/compile.ts'
import { loadHash64 } from '../../core/hash.ts'
import type { ModelData } from '../../core/model.ts'
import * as definitions from '../../definitions/index.ts'
import { generatedSql } from '../../sql/generated.ts'
import { viewsSql } from '../../sql/installed-views.ts'
import { ledgerTables } from '../../sql/ledger.ts'
import { loadSql } from '../../sql/load.ts'
import { structureSql } from '../../sql/migration.ts'
import { dialects } from '../../sql/table.ts'

const maxStatementBytes = 100_000
const columns = 'abcdefgh'.split('')
const wide = event('wide', {
  ...Object.fromEntries(columns.map((name) => [name.repeat(40), z.string().nullable()])),
  amount: decimal(15, 'EUR'),
})
/** As many dimensions, and names as long, as there can be. */
const widest = {
  wide: metric('w'.repeat(40), wide.countDistinct('a'.repeat(40) as never), {
    by: columns.map((name) => name.repeat(40)) as never,
    per: 'second',
  }),
  amount: metric('a'.repeat(40), wide.sum('amount'), { per: 'second' }),
}

describe('the SQL that is checked in', () => {
  let model: ModelData
  let extreme: ModelData
  beforeAll(async () => {
    const hash = await loadHash64()
    model = compileDefinitions(definitions, hash).data
    extreme = compileDefinitions(widest, hash).data
  })

  it.each(dialects)('is what is rendered for %s', (dialect) => {
    const checkedIn = readFileSync(join(process.cwd(), `sql/generated/${dialect}.sql`), 'utf8')
    if (checkedIn !== generatedSql(model, dialect))
      throw new Error(`sql/generated/${dialect}.sql is not what sql/ renders now; run: npx tsx scripts/generate-sql.ts`)
  })

  it('comes with the catalogue of the same definitions', () => {
    if (readFileSync(join(process.cwd(), 'docs/catalog.md'), 'utf8') !== `${catalogueOf(model)}\n`)
      throw new Error('docs/catalog.md is not what definitions/ say now; run: npx tsx scripts/generate-sql.ts')
  })

  it('holds nothing that Redshift refuses', () => {
    for (const data of [model, extreme]) {
      const statements = [
        ...structureSql(data, 'redshift'),
        ...viewsSql(data, 'redshift'),
        ...data.metrics.flatMap((one) => loadSql(one, 'blue', 'ds-1', 's3://b/k', 'arn:role/r')),
      ]
      expect(statements.length).toBeGreaterThan(40)
      for (const statement of statements) {
        expect(statement).not.toMatch(/ON CONFLICT|RETURNING|::|CREATE INDEX|\bTEXT\b|\bSERIAL\b|PRIMARY KEY|TRUNCATE/)
        expect(Buffer.byteLength(statement)).toBeLessThan(maxStatementBytes)
        // A correlated subquery would stand in a condition or a list of columns; ours stand in FROM and JOIN alone,
        // but for the seeds' NOT EXISTS, which refers to nothing outside.
        const nested = statement.match(/(\w+)\s*\(\s*SELECT/g) ?? []
        expect(nested.filter((found) => !/^(FROM|JOIN)\b/.test(found) && !/^EXISTS/.test(found))).toEqual([])
        if (/EXISTS\s*\(/.test(statement)) expect(statement).toMatch(/^INSERT INTO ledger\.\w+ .*NOT EXISTS/s)
      }
    }
  })

  it('names nothing longer than PostgreSQL keeps', () => {
    for (const statement of [...structureSql(extreme, 'postgres'), ...viewsSql(extreme, 'postgres')])
      for (const [, name = ''] of statement.matchAll(/"([^"]+)"/g)) expect(name.length).toBeLessThanOrEqual(63)
  })

  it('describes the ledger as docs/architecture.md does', () => {
    const docs = readFileSync(join(process.cwd(), 'docs/architecture.md'), 'utf8')
    for (const { schema, name } of ledgerTables) expect(docs).toContain(`\`${schema}.${name}\``)
  })
})
