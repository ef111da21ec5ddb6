import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { BuildOptions, Plugin } from 'esbuild'
import type { Model, ModelData } from '../../core/model.ts'
import type { ZoneTables } from '../../core/zone.ts'
import { bundle } from './bundle.ts'
import { definitionsFolder } from './definitions-folder.ts'
import { hashFunctions } from './functions.ts'
import { resolveZones } from './zones.ts'

export interface ModelOptions {
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
import { exportsWithFunctions } from './core/definition/functions.ts'
export const zones = zonesUsed(definitions)
export const functions = exportsWithFunctions(definitions)
`,
  mistakes: `
import * as definitions from 'definitions/index.ts'
import { compileMistakes, sampleOf } from './scripts/check/compile-mistakes.ts'
import { loadHash64 } from './core/hash.ts'
export const loadMistakes = async (zones, code) =>
  compileMistakes(definitions, { hash: await loadHash64(), zones, code })
export const loadSample = async (zones, code, lines) =>
  sampleOf(definitions, { hash: await loadHash64(), zones, code }, lines)
`,
  probe: `
import './scripts/check/world.ts'
import * as definitions from 'definitions/index.ts'
import { probeOf } from './scripts/check/probe.ts'
export const probe = probeOf(definitions)
`,
}

/** What the definitions use and can't say of themselves; a survey of them is bundled and run first to tell. */
interface Facts {
  readonly zones: ZoneTables
  /** By event and score, a hash of its functions' code. */
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
  refuseNoIndex(definitionsDir)
  const modelFile = await bundleEntry('model', options, await factsOf(options))
  const { loadModel } = loadFresh<{ loadModel: () => Promise<Model> }>(modelFile)
  const { data } = await loadModel()
  await writeFile(join(outDir, 'model.json'), JSON.stringify(data))
  return data
}

/** @throws where the folder exports nothing */
export const refuseNoIndex = (definitionsDir: string): void => {
  if (existsSync(join(definitionsDir, 'index.ts'))) return
  throw new Error(
    `${definitionsDir} has no index.ts. A folder of definitions needs one that exports its events and metrics, as in definitions/ and examples/.`,
  )
}

export interface Survey {
  /** Zone to the metrics that are in it. */
  readonly zones: Map<string, string[]>
  /** Event or score to the name that it is exported under. */
  readonly functions: ReadonlyMap<string, string>
}

const factsOf = async (options: ModelOptions): Promise<Facts> => {
  const { zones, functions } = await survey(options)
  return { zones: resolveZones(zones), code: await hashFunctions(options, functions) }
}

export const survey = async (options: ModelOptions): Promise<Survey> => {
  const file = await bundleEntry('survey', options)
  try {
    return loadFresh<Survey>(file)
  } finally {
    await rm(file)
  }
}

/** Writes `NAME.cjs`, and `NAME.cjs.map` where a source map is asked for. @returns its path */
export const bundleEntry = async (
  name: keyof typeof entries,
  { packageDir, definitionsDir, outDir }: ModelOptions,
  facts: Facts = { zones: {}, code: {} },
  sourcemap: BuildOptions['sourcemap'] = false,
): Promise<string> => {
  await bundle(packageDir, {
    entryPoints: [{ in: `${name}-entry`, out: name }],
    outdir: outDir,
    outExtension: { '.js': '.cjs' },
    sourcemap,
    plugins: [modelEntries(packageDir, facts), definitionsFolder({ packageDir, definitionsDir })],
  })
  return join(outDir, `${name}.cjs`)
}

/** One process may build several times to the same place, so an earlier module must not be remembered. */
export const loadFresh = <Module>(file: string): Module => {
  const require = createRequire(file)
  delete require.cache[require.resolve(file)]
  return require(file)
}
