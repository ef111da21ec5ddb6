import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const fileIn = (home: string): string => join(home, 'definitions')

/** The folder that a stage's definitions came from, the last time that they were deployed; undefined where none were. */
export const lastDefinitions = (home: string): string | undefined => {
  try {
    return readFileSync(fileIn(home), 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** To be called once they are deployed. */
export const keepDefinitions = (home: string, definitionsDir: string): void =>
  writeFileSync(fileIn(home), `${definitionsDir}\n`)
