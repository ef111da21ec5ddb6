import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from './running.ts'

const folder = (home: string) => join(home, 'logs')
const suffix = '.log'

/** Where a part's log goes. Makes the folder. */
export const logFile = (home: string, part: string): string => {
  mkdirSync(folder(home), { recursive: true })
  return join(folder(home), `${part}${suffix}`)
}

/** A log that is on disk when the call returns, so that the last line before a crash is there. */
export const openLog = (home: string, part: string): Log => {
  const file = logFile(home, part)
  return (line) => appendFileSync(file, `${new Date().toISOString()} ${line}\n`)
}

export const loggedParts = (home: string): string[] =>
  existsSync(folder(home))
    ? readdirSync(folder(home))
        .filter((name) => name.endsWith(suffix))
        .map((name) => name.slice(0, -suffix.length))
        .sort()
    : []

/** The last lines of a part's log, oldest first; none where it has no log. */
export const lastLines = (home: string, part: string, count: number): string[] => {
  const file = logFile(home, part)
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count) : []
}
