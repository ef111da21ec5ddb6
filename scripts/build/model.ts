import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import type { Model, ModelData } from '../../core/model.ts'
import { bundle } from './bundle.ts'
import { definitionsFolder } from './definitions-folder.ts'

interface ModelOptions {
  readonly packageDir: string
  readonly definitionsDir: string
  readonly outDir: string
}

const entry = `
import * as definitions from 'definitions/index.ts'
import { compileDefinitions } from './core/compile.ts'
import { loadHash64 } from './core/hash.ts'
export const loadModel = async () => compileDefinitions(definitions, await loadHash64())
`

/** The only module that imports the chosen definitions; it exists in the bundle alone. */
const modelEntry = (packageDir: string): Plugin => ({
  name: 'model-entry',
  setup: (build) => {
    build.onResolve({ filter: /^model-entry$/ }, () => ({ path: 'entry', namespace: 'model' }))
    build.onLoad({ filter: /.*/, namespace: 'model' }, () => ({
      contents: entry,
      resolveDir: packageDir,
      loader: 'ts',
    }))
  },
})

/** Writes `model.cjs`, runs it, and writes what it says of itself as `model.json`. */
export const buildModel = async ({ packageDir, definitionsDir, outDir }: ModelOptions): Promise<ModelData> => {
  if (!existsSync(join(definitionsDir, 'index.ts')))
    throw new Error(
      `${definitionsDir} has no index.ts. A folder of definitions needs one that exports its events and metrics, as in definitions/ and examples/.`,
    )
  const modelFile = join(outDir, 'model.cjs')
  await bundle(packageDir, {
    entryPoints: [{ in: 'model-entry', out: 'model' }],
    outdir: outDir,
    outExtension: { '.js': '.cjs' },
    plugins: [modelEntry(packageDir), definitionsFolder({ packageDir, definitionsDir })],
  })
  const { data } = await loadFresh(modelFile)
  await writeFile(join(outDir, 'model.json'), JSON.stringify(data))
  return data
}

/** One process may build several times to the same place, so an earlier model must not be remembered. */
const loadFresh = async (modelFile: string): Promise<Model> => {
  const require = createRequire(modelFile)
  delete require.cache[require.resolve(modelFile)]
  const { loadModel }: { loadModel: () => Promise<Model> } = require(modelFile)
  return loadModel()
}
