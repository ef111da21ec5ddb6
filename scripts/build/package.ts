import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bundle } from './bundle.ts'

/** Writes the library that definitions import: `index.mjs`, and its declarations under `types/`. */
export const buildPackage = async ({ packageDir, outDir }: { packageDir: string; outDir: string }): Promise<void> => {
  await bundle(packageDir, {
    entryPoints: [{ in: 'index.ts', out: 'index' }],
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    packages: 'external',
  })
  await declare(packageDir, join(outDir, 'types'))
}

const declare = async (packageDir: string, typesDir: string): Promise<void> => {
  const tsc = join(createRequire(join(packageDir, 'package.json')).resolve('typescript/package.json'), '../bin/tsc')
  const project = ['--project', join(packageDir, 'scripts/build/tsconfig.types.json'), '--outDir', typesDir]
  try {
    await promisify(execFile)(process.execPath, [tsc, ...project], { cwd: packageDir })
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    throw new Error(`The declarations of index.ts were not written: ${said || error}`, { cause: error })
  }
}
