import { readFile, realpath } from 'node:fs/promises'
import { dirname, extname, join, relative, sep } from 'node:path'
import type { Loader, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild'

export interface Folders {
  readonly packageDir: string
  readonly definitionsDir: string
}

const namespace = 'definitions'
const resolving = Symbol('resolving')
const loaders: Readonly<Record<string, Loader>> = {
  '.ts': 'ts',
  '.js': 'js',
  '.mjs': 'js',
  '.mts': 'ts',
  '.json': 'json',
}

/**
 * Lets a folder of definitions lie anywhere, without an install: `tidemark` and `zod` are this package's own. Its files
 * go by their place in the folder, so that the bundle doesn't say where on the disk the folder was.
 */
export const definitionsFolder = ({
  packageDir,
  definitionsDir,
  isPure = false,
}: Folders & {
  /** Whether a file is left out where nothing that it exports is used, whatever it does when it is loaded. */
  readonly isPure?: boolean
}): Plugin => ({
  name: 'definitions-folder',
  setup: (build) => {
    build.onResolve({ filter: /^tidemark$/ }, () => ({ path: join(packageDir, 'index.ts') }))
    build.onResolve({ filter: /^zod(\/|$)/ }, (args) => resolveFrom(build, args, packageDir))
    build.onResolve({ filter: /^definitions\/index\.ts$/, namespace: 'model' }, () => ({
      path: 'index.ts',
      namespace,
      sideEffects: !isPure,
    }))
    build.onResolve({ filter: /^\.\.?\//, namespace }, async (args) => {
      const resolved = await resolveFrom(build, args, args.resolveDir)
      if (resolved === undefined) return undefined
      const inside = await insideFolder(resolved, definitionsDir)
      return isPure && inside.namespace === namespace ? { ...inside, sideEffects: false } : inside
    })
    build.onLoad({ filter: /.*/, namespace }, async ({ path }) => {
      const file = join(definitionsDir, path)
      return { contents: await readFile(file), resolveDir: dirname(file), loader: loaders[extname(file)] ?? 'ts' }
    })
  },
})

/** Resolves as if the import stood in a file of `resolveDir`; undefined where this is that very question coming back. */
const resolveFrom = async (
  build: PluginBuild,
  { path, kind, pluginData }: OnResolveArgs,
  resolveDir: string,
): Promise<OnResolveResult | undefined> => {
  if (pluginData === resolving) return undefined
  return build.resolve(path, { kind, resolveDir, pluginData: resolving })
}

const insideFolder = async (resolved: OnResolveResult, definitionsDir: string): Promise<OnResolveResult> => {
  if (resolved.path === undefined || resolved.path === '' || resolved.errors?.length) return resolved
  const inFolder = relative(await realpath(definitionsDir), await realpath(resolved.path))
  if (inFolder.startsWith('..')) return resolved
  return { path: inFolder.split(sep).join('/'), namespace }
}
