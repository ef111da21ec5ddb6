import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { CommandError } from '../exit.ts'
import { projectFiles } from '../project/files.ts'
import { sessionOf } from '../session.ts'

const packageDir = join(import.meta.dirname, '..', '..')

export const addInit = (program: Command): void => {
  program
    .command('init')
    .description("a project of one's own: an event, two metrics, a sample")
    .argument('<dir>', 'a new or empty folder')
    .option('--dry-run', 'list the files, write none')
    .action(async (dir: string, options: { dryRun?: true }, command: Command) => {
      const session = sessionOf(command)
      const target = resolve(session.cwd, dir)
      await refuseIfTaken(target)
      const files = projectFiles(nameOf(target), relative(target, packageDir))
      if (!options.dryRun) await writeFiles(target, files)
      const paths = Object.keys(files)
      session.answer({
        json: { dir: target, files: paths, dryRun: options.dryRun === true },
        tables: [{ columns: ['file'], rows: paths.map((path) => [path]) }],
        notes: options.dryRun
          ? [`Would write these into ${target}.`]
          : [`Next: npx tidemark local up --definitions ${join(dir, 'definitions')}`],
      })
    })
}

const refuseIfTaken = async (target: string): Promise<void> => {
  try {
    const names = await readdir(target)
    if (names.length > 0)
      throw new CommandError(
        `${target} is not empty (${names.slice(0, 3).join(', ')}); nothing was written. Name a new folder.`,
      )
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') throw new CommandError(`${target} is a file; nothing was written. Name a new folder.`)
    if (code !== 'ENOENT') throw error
  }
}

/** What npm takes as a package's name. */
const nameOf = (target: string): string =>
  basename(target)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'metrics'

const writeFiles = async (target: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(target, path)), { recursive: true })
    await writeFile(join(target, path), text, { flag: 'wx' })
  }
}
