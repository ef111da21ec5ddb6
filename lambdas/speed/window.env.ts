import { environmentOf } from '../environment.ts'
import { type DuplicatesEnvironment, duplicatesEnvironment } from './duplicates.env.ts'

/** What the speed-window function is told by its stage. @throws where something is missing or can't be read */
export const readEnvironment = (env: NodeJS.ProcessEnv): DuplicatesEnvironment =>
  duplicatesEnvironment(environmentOf('speed-window', env))
