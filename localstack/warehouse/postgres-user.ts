import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Who runs the server: another user where we are root, else ourselves (no ids). Fits spawn's options. */
export interface ServerUser {
  uid?: number
  gid?: number
}

/** PostgreSQL refuses to run as root; then it runs as `nobody`. */
export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return {}
  const nobody = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'nobody')
  const [uid, gid] = [Number(nobody?.[2]), Number(nobody?.[3])]
  if (!(uid > 0 && gid > 0))
    throw new Error('PostgreSQL refuses to run as root, and /etc/passwd has no user nobody to run it as.')
  return { uid, gid }
}

/** Whether the user may pass through every folder on the way to this one, and into it. */
export function canEnter(folder: string, user: ServerUser): boolean {
  if (user.uid === undefined) return true
  for (let at = resolve(folder); ; at = dirname(at)) {
    const { uid, gid, mode } = statSync(at)
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (at === dirname(at)) return true
  }
}
