import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { bundle } from './bundle.ts'

/** Each function's asset, and the file that exports its `handler`. */
const handlers: Readonly<Record<string, string>> = {
  archive: 'lambdas/archive/handler.ts',
  'speed-table': 'lambdas/speed/table.handler.ts',
  'speed-window': 'lambdas/speed/window.handler.ts',
  batch: 'lambdas/batch/handler.ts',
  migrate: 'lambdas/batch/migrate.handler.ts',
  serving: 'lambdas/serving/handler.ts',
  limits: 'lambdas/limits/handler.ts',
}

/** Leaves `#model` as a `require` of the file beside the bundle, so that all layers run the same bytes. */
export const modelBeside: Plugin = {
  name: 'model-beside',
  setup: (build) => {
    build.onResolve({ filter: /^#model$/ }, () => ({ path: './model.cjs', external: true }))
  },
}

/** Writes `lambdas/NAME/` with the function, `model.cjs` and `model.json`. The SDK is bundled: its version is ours. */
export const buildLambdas = async ({
  packageDir,
  outDir,
}: {
  packageDir: string
  outDir: string
}): Promise<string[]> => {
  const names = Object.keys(handlers)
  await bundle(packageDir, {
    entryPoints: Object.entries(handlers).map(([name, file]) => ({ in: file, out: `${name}/index` })),
    outdir: join(outDir, 'lambdas'),
    plugins: [modelBeside],
  })
  for (const name of names)
    for (const file of ['model.cjs', 'model.json'])
      await copyFile(join(outDir, file), join(outDir, 'lambdas', name, file))
  return names
}
