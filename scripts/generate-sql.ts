import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogueOf } from '../core/catalogue.ts'
import { generatedSql } from '../sql/generated.ts'
import { dialects } from '../sql/table.ts'
import { buildModel } from './build/model.ts'

/** Writes sql/generated/ and docs/catalog.md: `npx tsx scripts/generate-sql.ts`, to be run after definitions or sql/ changed. */
const main = async (): Promise<void> => {
  const packageDir = join(import.meta.dirname, '..')
  const outDir = mkdtempSync(join(tmpdir(), 'tidemark-model-'))
  try {
    const model = await buildModel({ packageDir, definitionsDir: join(packageDir, 'definitions'), outDir })
    for (const dialect of dialects)
      writeFileSync(join(packageDir, `sql/generated/${dialect}.sql`), generatedSql(model, dialect))
    writeFileSync(join(packageDir, 'docs/catalog.md'), `${catalogueOf(model)}\n`)
  } finally {
    rmSync(outDir, { recursive: true })
  }
}

await main()
