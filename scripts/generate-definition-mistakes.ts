import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mistakesPage } from './definition-mistakes/page.ts'

/** Writes docs/definition-mistakes.md: `npx tsx scripts/generate-definition-mistakes.ts`, to be run after a message changed. */
const main = async (): Promise<void> => {
  const packageDir = join(import.meta.dirname, '..')
  writeFileSync(join(packageDir, 'docs/definition-mistakes.md'), await mistakesPage(packageDir))
}

await main()
