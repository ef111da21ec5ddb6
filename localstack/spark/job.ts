import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type spawnLeashed, stopLeashed } from '../leash.ts'
import { holdsError, killedBy, reasonIn } from './failure.ts'
import { type Inputs, unpack } from './inputs.ts'
import type { JobRun } from './store.ts'
import { sparkCommand } from './submit.ts'
import { readSubmitParameters } from './submit-parameters.ts'

/** Where and how jobs run. */
export interface JobPlace {
  readonly venvDir: string
  readonly s3EndpointUrl: string
  readonly master: string
  readonly inputs: Inputs
  readonly spawnChild: typeof spawnLeashed
}

/** A driver that runs. */
export interface Driver {
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** Ends it and all that it started. */
  kill(): Promise<void>
}

const tailBytes = 64 * 1024
/** A driver told to end has this long to do so by itself. */
const killedWithinMs = 5000

/** Downloads a job's files, and makes its working folder. @throws where a file can't be had */
const prepare = async (place: JobPlace, run: JobRun, folder: string) => {
  const { entryPoint, entryPointArguments, sparkSubmitParameters } = run.request.jobDriver.sparkSubmit
  const { settings, archives, driverEnvironment } = readSubmitParameters(sparkSubmitParameters)
  const workDir = join(folder, 'work')
  const downloads = join(folder, 'downloads')
  for (const path of [workDir, downloads]) {
    await rm(path, { recursive: true, force: true })
    mkdirSync(path, { recursive: true })
  }
  const script = await place.inputs.download(entryPoint, downloads)
  const local: { path: string; folder: string }[] = []
  for (const archive of archives) {
    const path = await place.inputs.download(archive.uri, downloads)
    await unpack(join(place.venvDir, 'bin', 'python'), path, archive, workDir)
    local.push({ path, folder: archive.folder })
  }
  const { venvDir, master, s3EndpointUrl } = place
  const own = { venvDir, master, s3EndpointUrl, workDir, script, settings, driverEnvironment }
  return sparkCommand({ ...own, arguments: entryPointArguments, archives: local })
}

const endOf = (child: ChildProcess): Promise<number | string> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, killedBy) => resolve(code ?? killedBy ?? 'unknown'))
  })

const isGroupLeft = (groupId: number): boolean => {
  try {
    return process.kill(-groupId, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    return false
  }
}

/** Ends a driver and its process group, and waits until the system has removed them, which takes a loaded one a while. */
const killAll = async (child: ChildProcess): Promise<void> => {
  await stopLeashed(child, killedWithinMs)
  const until = Date.now() + killedWithinMs
  while (child.pid !== undefined && isGroupLeft(child.pid) && Date.now() < until) await sleep(20)
}

/** Starts a job run's driver, which writes `stdout.log` and `stderr.log` in the run's folder. */
export const startDriver = async (place: JobPlace, run: JobRun, folder: string): Promise<() => Driver> => {
  const { command, args, env, cwd } = await prepare(place, run, folder)
  return () => {
    const logs = ['stdout.log', 'stderr.log'].map((name) => openSync(join(folder, name), 'w'))
    const child = place.spawnChild(command, args, { cwd, env, stdio: ['ignore', ...logs] })
    for (const log of logs) closeSync(log)
    return { ended: endOf(child), kill: () => killAll(child) }
  }
}

/**
 * Why a driver failed, from the end of its logs, with where they are. Spark logs to standard error, and hands on what a Python driver itself writes,
 * its errors included, to standard output.
 */
export const whyFailed = async (folder: string, exit: number | string): Promise<string> => {
  const paths = ['stderr.log', 'stdout.log'].map((name) => join(folder, name))
  const ends = await Promise.all(paths.map(endOfFile))
  const at = Math.max(0, ends.findIndex(holdsError))
  const log = ends[at] ?? ''
  const reason = typeof exit === 'string' && !holdsError(log) ? killedBy(exit) : reasonIn(log)
  return `${reason.slice(0, 1000)} (exit ${exit}; the driver's log: ${paths[at]})`
}

const endOfFile = async (path: string): Promise<string> => {
  const log = await open(path)
  try {
    const { size } = await log.stat()
    const { buffer, bytesRead } = await log.read(Buffer.alloc(tailBytes), 0, tailBytes, Math.max(0, size - tailBytes))
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await log.close()
  }
}

/** Removes what a job run needed only to run; its record and logs stay. */
export const tidy = async (folder: string): Promise<void> => {
  for (const name of ['work', 'downloads']) await rm(join(folder, name), { recursive: true, force: true })
}
