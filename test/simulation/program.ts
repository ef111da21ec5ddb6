import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { definitionOf, synthesize } from '../lib/synthesis.ts'
import type { Machine } from './machine.ts'

/** One text in one file that another takes the place of. */
export interface Mutation {
  /** From the project's folder. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** The simulation as one file that runs by itself, and what it needs beside it. */
export interface Program {
  readonly script: string
  /** Of all code that runs, and the state machine: schedules of several runs add up where it is the same. */
  readonly fingerprint: string
  readonly remove: () => void
}

const projectDir = join(import.meta.dirname, '..', '..')

/** The state machine, as the production stage deploys it. */
export const synthesizedMachine = (): Machine => definitionOf(synthesize('prod')) as Machine

/**
 * Builds the simulation, with mutations in the code that it runs.
 * @throws where a mutation's text does not stand in its file exactly once: the code has moved on, and it must follow
 */
export const buildProgram = async (machine: Machine, mutations: readonly Mutation[] = []): Promise<Program> => {
  const dir = mkdtempSync(join(tmpdir(), `tidemark-simulation-${process.pid}-`))
  const script = join(dir, 'slice.mjs')
  const machineFile = join(dir, 'machine.json')
  writeFileSync(machineFile, JSON.stringify(machine))
  const remove = (): void => rmSync(dir, { recursive: true, force: true })
  const applied = new Set<Mutation>()
  try {
    await build({
      entryPoints: [join(import.meta.dirname, 'slice.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
      alias: { tidemark: join(projectDir, 'index.ts') },
      plugins: [mutating(mutations, applied)],
      logLevel: 'silent',
    })
    for (const mutation of mutations)
      if (!applied.has(mutation)) throw new Error(`${mutation.file} is no part of the simulation.`)
    return { script, fingerprint: await fingerprintOf([script, machineFile]), remove }
  } catch (error) {
    remove()
    throw error
  }
}

const fingerprintOf = async (paths: readonly string[]): Promise<string> => {
  const hash = createHash('sha256')
  for (const path of paths) hash.update(await readFile(path))
  return hash.digest('hex').slice(0, 12)
}

const mutating = (mutations: readonly Mutation[], applied: Set<Mutation>): Plugin => ({
  name: 'mutating',
  setup({ onLoad }) {
    const files = new Set(mutations.map(({ file }) => join(projectDir, file)))
    if (files.size === 0) return
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!files.has(path)) return null
      let contents = await readFile(path, 'utf8')
      for (const mutation of mutations.filter(({ file }) => join(projectDir, file) === path)) {
        const parts = contents.split(mutation.find)
        if (parts.length !== 2)
          throw new Error(`${mutation.file} holds ${parts.length - 1} times what is to be replaced: ${mutation.find}`)
        contents = parts.join(mutation.replace)
        applied.add(mutation)
      }
      return { contents, loader: 'ts' }
    })
  },
})
