import { realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildCheckedModel } from './build/checked-model.ts'
import { buildLambdas } from './build/lambdas.ts'
import { buildPackage } from './build/package.ts'
import { buildSpark } from './build/spark.ts'

/** This package's own root: everything but the definitions is read from here. */
export const packageDir = join(import.meta.dirname, '..')

export interface BuildOptions {
  /** A folder whose `index.ts` exports the definitions. It needs no install of its own. */
  readonly definitionsDir: string
  /** Where the built files go; made where missing. */
  readonly outDir: string
  /** Gets one line a finished part. */
  readonly report?: (line: string) => void
  /** The `node` packed for Spark's executors. On AWS they are x86_64 Linux. Default: the one that runs. */
  readonly nodeBinary?: string
}

export interface Built {
  readonly outDir: string
  /** 12 hex digits: `version` of `model.json`. */
  readonly modelVersion: string
}

/**
 * Writes all that a stage deploys into `outDir`: see "The built files" in docs/architecture.md. The same input gives
 * the same bytes, wherever the folders lie.
 * @throws where the folder has no `index.ts`, the definitions don't compile, or a source file doesn't bundle.
 */
export const build = async (options: BuildOptions): Promise<Built> => {
  const outDir = resolve(options.outDir)
  const report = options.report ?? (() => undefined)
  const model = await buildCheckedModel({ packageDir, definitionsDir: resolve(options.definitionsDir), outDir })
  report(`model ${model.version}: ${model.events.length} events, ${model.metrics.length} metrics`)
  const lambdas = await buildLambdas({ packageDir, outDir })
  report(`functions ${lambdas.join(', ')}`)
  const packed = await buildSpark({ packageDir, outDir, nodeBinary: options.nodeBinary ?? process.execPath })
  report(`spark job, and its worker (${packed})`)
  return { outDir, modelVersion: model.version }
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      definitions: { type: 'string', default: join(packageDir, 'definitions') },
      out: { type: 'string', default: join(packageDir, 'dist') },
    },
  })
  const report = (line: string): boolean => process.stderr.write(`${line}\n`)
  const built = await build({ definitionsDir: values.definitions, outDir: values.out, report })
  await buildPackage({ packageDir, outDir: built.outDir })
  report(`library and types; all in ${built.outDir}`)
}

const startedAs = process.argv[1]
if (startedAs !== undefined && realpathSync(startedAs) === fileURLToPath(import.meta.url))
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
