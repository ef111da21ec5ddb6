import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Above the greatest pid of Linux (2^22) and macOS: nothing ever runs by it. */
const NOBODYS_PID = 4_194_305

/** The pid in the cluster's postmaster.pid; undefined where there is no such file. */
export function lockedBy(cluster: string): number | undefined {
  const path = join(cluster, 'postmaster.pid')
  if (!existsSync(path)) return undefined
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
  return pid > 0 ? pid : undefined
}

/** Whether that process is a PostgreSQL server on this cluster. */
export function isServerOf(pid: number, cluster: string): boolean {
  const shown = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  const command = existsSync(`/proc/${pid}/cmdline`)
    ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    : (shown.stdout ?? '')
  return command.includes(cluster) && command.includes('postgres')
}

/**
 * Frees a lock that a killed server left, where its pid meanwhile belongs to another program (PostgreSQL itself sees through a pid that
 * nobody has). Only the pid is rewritten: by the other lines the server still finds out whether processes of the killed one live on.
 */
export function freeStaleLock(cluster: string): void {
  const pid = lockedBy(cluster)
  if (pid === undefined || isServerOf(pid, cluster)) return
  const path = join(cluster, 'postmaster.pid')
  const [, ...rest] = readFileSync(path, 'utf8').split('\n')
  writeFileSync(path, [String(NOBODYS_PID), ...rest].join('\n'))
}
