import { readdirSync, readFileSync } from 'node:fs'

/** Bytes of memory of a process and all that it started: proportional set size, so that shared pages count once. Linux only. */
export const memoryOfTree = (root: number): number => {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const status = readOrNull(`/proc/${pid}/status`)
    const parent = /^PPid:\s+(\d+)/m.exec(status ?? '')?.[1]
    if (parent !== undefined) parents.set(pid, Number(parent))
  }
  const isInTree = (pid: number | undefined): boolean =>
    pid !== undefined && pid !== 0 && (pid === root || isInTree(parents.get(pid)))
  return [...parents.keys()].filter(isInTree).reduce((sum, pid) => sum + sizeOf(pid), 0)
}

const sizeOf = (pid: number): number => {
  const rollup = readOrNull(`/proc/${pid}/smaps_rollup`)
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup ?? '')?.[1] ?? 0) * 1024
}

/** null: the process ended meanwhile. */
const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}
