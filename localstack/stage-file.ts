import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ports } from './ports.ts'
import { startOf } from './process-identity.ts'
import type { StageUrls } from './urls.ts'

/** `stage.json` in the stage's home: what is running, written by its supervisor once all of it is. */
export interface StageFile {
  readonly pid: number
  /** Tells the supervisor from a later process of the same id. */
  readonly processStart: string
  readonly startedAt: string
  readonly ports: Ports
  readonly urls: StageUrls
  /** Where the supervisor takes orders, and the word that it asks for. */
  readonly control: { readonly port: number; readonly token: string }
}

const pathIn = (home: string) => join(home, 'stage.json')

/** The stage that runs in this home. What a supervisor that is gone left behind is removed. */
export const runningStage = (home: string): StageFile | undefined => {
  const stage = readStageFile(home)
  if (stage === undefined) return undefined
  if (startOf(stage.pid) === stage.processStart) return stage
  removeStageFile(home)
  return undefined
}

const readStageFile = (home: string): StageFile | undefined => {
  try {
    return JSON.parse(readFileSync(pathIn(home), 'utf8')) as StageFile
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${pathIn(home)} can't be read. If no stage runs, delete it.`, { cause: error })
  }
}

/** In one rename: a reader sees a whole file or none. Only its owner may read the token. */
export const writeStageFile = (home: string, stage: StageFile): void => {
  mkdirSync(home, { recursive: true })
  const draft = `${pathIn(home)}.new`
  writeFileSync(draft, `${JSON.stringify(stage, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, pathIn(home))
}

export const removeStageFile = (home: string): void => rmSync(pathIn(home), { force: true })
