import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import type { Model, ModelData } from '../../core/model.ts'
import type { ZoneTables } from '../../core/zone.ts'
import { bundle } from './bundle.ts'
import { definitionsFolder } from './definitions-folder.ts'
import { hashFunctions } from './functions.ts'
import { resolveZones } from './zones.ts'

interface ModelOptions {
  readonly packageDir: string
  readonly definitionsDir: string
  readonly outDir: string
}

/** The only modules that import the chosen definitions; they exist in bundles alone. */
const entries = {
  model: `
import * as definitions from 'definitions/index.ts'
import { code, zones } from 'model-facts'
import { compileDefinitions } from './core/compile.ts'
import { loadHash64 } from './core/hash.ts'
export const loadModel = async () => compileDefinitions(definitions, await loadHash64(), zones, code)
`,
  survey: `
import * as definitions from 'definitions/index.ts'
import { zonesUsed } from './core/compile.ts'
import { eventsWithFunctions } from './core/definition/functions.ts'
export const zones = zonesUsed(definitions)
export const functions = eventsWithFunctions(definitions)
`,
}

/** What the definitions use and can't say of themselves; a survey of them is bundled and run first to tell. */
interface Facts {
  readonly zones: ZoneTables
  /** By event, a hash of its functions' code. */
  readonly code: Readonly<Record<string, string>>
}

const modelEntries = (packageDir: string, facts: Facts): Plugin => ({
  name: 'model-entries',
  setup: (build) => {
    build.onResolve({ filter: /^model-facts$/, namespace: 'model' }, ({ path }) => ({ path, namespace: 'model' }))
    build.onLoad({ filter: /^model-facts$/, namespace: 'model' }, () => ({
      contents: JSON.stringify(facts),
      loader: 'json',
    }))
    for (const [name, contents] of Object.entries(entries)) {
      build.onResolve({ filter: new RegExp(`^${name}-entry$`) }, () => ({ path: name, namespace: 'model' }))
      build.onLoad({ filter: new RegExp(`^${name}$`), namespace: 'model' }, () => ({
        contents,
        resolveDir: packageDir,
        loader: 'ts',
      }))
    }
  },
})

/**
 * Writes `model.cjs`, runs it, and writes what it says of itself as `model.json`. The tables of the time zones that the
 * definitions use and the hashes of their functions are part of the bundle, for it compiles them anew wherever it is loaded.
 */
export const buildModel = async (options: ModelOptions): Promise<ModelData> => {
  const { definitionsDir, outDir } = options
  if (!existsSync(join(definitionsDir, 'index.ts')))
    throw new Error(
      `${definitionsDir} has no index.ts. A folder of definitions needs one that exports its events and metrics, as in definitions/ and examples/.`,
    )
  const modelFile = await bundleEntry('model', options, await factsOf(options))
  const { loadModel } = loadFresh<{ loadModel: () => Promise<Model> }>(modelFile)
  const { data } = await loadModel()
  await writeFile(join(outDir, 'model.json'), JSON.stringify(data))
  return data
}

interface Survey {
  /** Zone to the metrics that are in it. */
  readonly zones: Map<string, string[]>
  /** Event to the name that it is exported under. */
  readonly functions: ReadonlyMap<string, string>
}

const factsOf = async (options: ModelOptions): Promise<Facts> => {
  const file = await bundleEntry('survey', options, { zones: {}, code: {} })
  try {
    const { zones, functions } = loadFresh<Survey>(file)
    return { zones: resolveZones(zones), code: await hashFunctions(options, functions) }
  } finally {
    await rm(file)
  }
}

const bundleEntry = async (
  name: keyof typeof entries,
  { packageDir, definitionsDir, outDir }: ModelOptions,
  facts: Facts,
): Promise<string> => {
  await bundle(packageDir, {
    entryPoints: [{ in: `${name}-entry`, out: name }],
    outdir: outDir,
    outExtension: { '.js': '.cjs' },
    plugins: [modelEntries(packageDir, facts), definitionsFolder({ packageDir, definitionsDir })],
  })
  return join(outDir, `${name}.cjs`)
}

/** One process may build several times to the same place, so an earlier module must not be remembered. */
const loadFresh = <Module>(file: string): Module => {
  const require = createRequire(file)
  delete require.cache[require.resolve(file)]
  return require(file)
}
