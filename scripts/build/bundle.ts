import { type BuildOptions, build } from 'esbuild'

/** What every bundle shares. Names in the output are relative to the package, so its place on disk doesn't show. */
export const bundled = (packageDir: string) =>
  ({
    absWorkingDir: packageDir,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    treeShaking: true,
    sourcemap: false,
    legalComments: 'none',
    charset: 'utf8',
    tsconfigRaw: {},
    logLevel: 'silent',
  }) satisfies BuildOptions

export const bundle = async (packageDir: string, options: BuildOptions): Promise<void> => {
  await build({ ...bundled(packageDir), ...options })
}
