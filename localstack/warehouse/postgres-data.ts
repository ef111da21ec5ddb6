import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Log } from '../running.ts'
import { canEnter, type ServerUser } from './postgres-user.ts'

/** The superuser of the local warehouse; it has no password, and only this machine reaches it. */
export const SUPERUSER = 'tidemark'

const MOVED = 'moved-to'

/**
 * The folder that really holds the data: the given one, or, where the server's user can't enter it, a folder under the system's temporary
 * folder, whose path `moved-to` in it then holds. (Deleting the folder so still starts an empty warehouse.)
 */
export function placeData(folder: string, user: ServerUser, log: Log): string {
  const dataDir = resolve(folder)
  mkdirSync(dataDir, { recursive: true })
  const pointer = join(dataDir, MOVED)
  if (existsSync(pointer)) {
    const moved = readFileSync(pointer, 'utf8')
    if (existsSync(moved)) return moved
    log(`The warehouse's data was in ${moved}, which is gone: it starts empty.`)
    rmSync(pointer)
  }
  if (user.uid === undefined) return dataDir
  chownSync(dataDir, user.uid, user.gid ?? user.uid)
  if (canEnter(dataDir, user)) return dataDir
  if (existsSync(join(dataDir, 'cluster'))) {
    throw new Error(
      `${dataDir} holds a warehouse that the user with id ${user.uid} can't enter. Open its parent folders, or remove it.`,
    )
  }
  const moved = mkdtempSync(join(tmpdir(), 'tidemark-warehouse-'))
  chownSync(moved, user.uid, user.gid ?? user.uid)
  writeFileSync(pointer, moved)
  log(
    `The warehouse's data lies in ${moved}: the user with id ${user.uid}, as whom PostgreSQL runs, can't enter ${dataDir}.`,
  )
  return moved
}

/**
 * Makes an empty cluster in `place/cluster` where none is, in one rename, so that an interrupted one leaves nothing half made.
 * Names and text are UTF-8 and sort by code point, as in Redshift.
 */
export function ensureCluster(native: string, place: string, user: ServerUser): string {
  const cluster = join(place, 'cluster')
  if (existsSync(cluster)) return cluster
  const unfinished = join(place, 'cluster.unfinished')
  rmSync(unfinished, { recursive: true, force: true })
  const args = ['-D', unfinished, '-U', SUPERUSER, '--auth=trust', '--encoding=UTF8', '--no-instructions']
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const done = spawnSync(join(native, 'bin', 'initdb'), [...args, ...locale], { ...user, cwd: place, encoding: 'utf8' })
  if (done.status !== 0) {
    throw new Error(`initdb failed in ${place}: ${done.error?.message ?? `${done.stderr}${done.stdout}`.trim()}`)
  }
  renameSync(unfinished, cluster)
  return cluster
}
