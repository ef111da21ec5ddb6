import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What `npm run build` wrote, as the stacks need it. */
export interface Assets {
  /** 12 hex digits. */
  readonly modelVersion: string
  /** Whether the definitions declare limits to watch. */
  readonly hasLimits: boolean
  /** The folder of a function's code. */
  lambda(name: string): string
  readonly sparkJob: string
  readonly sparkWorker: string
}

/** @throws where the folder holds no build. */
export const readAssets = (dir: string): Assets => {
  const modelFile = join(dir, 'model.json')
  if (!existsSync(modelFile))
    throw new Error(
      `${modelFile} is missing. Run \`npm run build\` first, or name another build's folder by \`-c assets=DIR\`.`,
    )
  const { version, limits = [] }: { version: string; limits?: readonly unknown[] } = JSON.parse(
    readFileSync(modelFile, 'utf8'),
  )
  return {
    modelVersion: version,
    hasLimits: limits.length > 0,
    lambda: (name) => join(dir, 'lambdas', name),
    sparkJob: join(dir, 'spark', 'recompute.py'),
    sparkWorker: join(dir, 'spark', 'worker.tgz'),
  }
}
