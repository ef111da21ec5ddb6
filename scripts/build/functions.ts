import { createHash } from 'node:crypto'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { bundled } from './bundle.ts'
import { definitionsFolder, type Folders } from './definitions-folder.ts'

/**
 * A hash of each event's functions with all the code that they reach: the text of a bundle, minified, of the files of the
 * folder that the event's own file imports, however far, itself included. It may differ where nothing that counts did
 * (another event in the same file changed, esbuild did); it is never the same where something did. This package and zod
 * stand for themselves: what they mean is `semantics` of `core/compile.ts`.
 * @param exportNames by event, what the folder's `index.ts` exports it as
 * @throws where a file is imported for what it does when it is loaded: such a thing belongs to no event
 */
export const hashFunctions = async (
  folders: Folders,
  exportNames: ReadonlyMap<string, string>,
): Promise<Record<string, string>> => {
  const hashes: Record<string, string> = {}
  for (const [event, exportName] of exportNames)
    hashes[event] = createHash('sha256')
      .update(await codeOf(folders, exportName))
      .digest('hex')
      .slice(0, 32)
  return hashes
}

const codeOf = async (folders: Folders, exportName: string): Promise<string> => {
  const { outputFiles = [], warnings } = await build({
    ...bundled(folders.packageDir),
    entryPoints: ['event-entry'],
    outdir: folders.packageDir,
    write: false,
    minify: true,
    plugins: [eventEntry(exportName), ownCodeOutside, definitionsFolder({ ...folders, isPure: true })],
  } satisfies BuildOptions)
  const ignored = warnings.find(({ id }) => id === 'ignored-bare-import')
  if (ignored !== undefined)
    throw new Error(
      `${ignored.location?.file.replace(/^definitions:/, '')} imports a file for what it does when it is loaded (${ignored.location?.lineText.trim()}). Nothing would tell that it changed: import names from it.`,
    )
  return outputFiles.map(({ text }) => text).join('\n')
}

const eventEntry = (exportName: string): Plugin => ({
  name: 'event-entry',
  setup: (build) => {
    build.onResolve({ filter: /^event-entry$/ }, () => ({ path: 'event', namespace: 'model' }))
    build.onLoad({ filter: /^event$/, namespace: 'model' }, () => ({
      contents: `export { ${JSON.stringify(exportName)} as event } from 'definitions/index.ts'`,
    }))
  },
})

const ownCodeOutside: Plugin = {
  name: 'own-code-outside',
  setup: (build) => {
    build.onResolve({ filter: /^(tidemark|zod)(\/|$)/ }, ({ path }) => ({ path, external: true, sideEffects: false }))
  },
}
