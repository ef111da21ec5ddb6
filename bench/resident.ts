import { readdirSync, readFileSync } from 'node:fs'

/** Of the processes of one kind, the largest: how much memory it had resident at most, bytes. */
export type ResidentPeaks = Readonly<Record<string, number>>

/**
 * Watches a process and all that it starts. The kernel keeps each process's own peak (`VmHWM`), so that none between
 * two looks is missed but that of a process that ended in between. Linux only.
 */
export class ResidentWatch {
  readonly #root: number
  readonly #kindOf: (commandLine: string) => string | null
  readonly #peaks = new Map<string, number>()
  readonly #timer: NodeJS.Timeout

  /** @param kindOf names a process by its command line; null: not counted */
  constructor(root: number, kindOf: (commandLine: string) => string | null) {
    this.#root = root
    this.#kindOf = kindOf
    this.#timer = setInterval(() => this.#look(), 250)
  }

  end(): ResidentPeaks {
    this.#look()
    clearInterval(this.#timer)
    return Object.fromEntries(this.#peaks)
  }

  #look(): void {
    for (const pid of treeOf(this.#root)) {
      const kind = this.#kindOf((textOrNull(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' '))
      const peak = /^VmHWM:\s+(\d+) kB/m.exec(textOrNull(`/proc/${pid}/status`) ?? '')?.[1]
      if (kind === null || peak === undefined) continue
      this.#peaks.set(kind, Math.max(this.#peaks.get(kind) ?? 0, Number(peak) * 1024))
    }
  }
}

/** A process and its descendants. */
const treeOf = (root: number): number[] => {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const parent = /^PPid:\s+(\d+)/m.exec((/^\d+$/.test(name) && textOrNull(`/proc/${name}/status`)) || '')?.[1]
    if (parent !== undefined) children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** null: the process ended meanwhile. */
const textOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}
