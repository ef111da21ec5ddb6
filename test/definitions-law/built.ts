import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Model } from '../../core/model.ts'
import { buildModel } from '../../scripts/build/model.ts'

const packageDir = join(import.meta.dirname, '..', '..')

/** What the build makes of a definition's text: `model.cjs` and `model.json` stand in the folder then. */
export const builtOf = async (text: string, dir: string): Promise<Model> => {
  const definitionsDir = join(dir, 'definitions')
  mkdirSync(definitionsDir, { recursive: true })
  writeFileSync(join(definitionsDir, 'index.ts'), text)
  await buildModel({ packageDir, definitionsDir, outDir: dir })
  const file = join(dir, 'model.cjs')
  const built: { loadModel: () => Promise<Model> } = createRequire(file)(file)
  return built.loadModel()
}
