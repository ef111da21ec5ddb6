import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that is gone after the file's tests. */
export const temporaryHome = (): string => {
  const home = mkdtempSync(join(tmpdir(), 'tidemark-stage-'))
  afterAll(() => rmSync(home, { recursive: true, force: true }))
  return home
}

/** Whether a process with this id lives; a zombie does not. */
export const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
  return true
}

export const silent = (): void => undefined
