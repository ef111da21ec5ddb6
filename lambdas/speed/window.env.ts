import { environmentOf } from '../environment.ts'
import { type DuplicatesEnvironment, duplicatesEnvironment } from './duplicates.env.ts'

/** What the speed-window function is told by its stage. */
export interface WindowEnvironment extends DuplicatesEnvironment {
  readonly dataBucket: string
  readonly endpointUrl: string | undefined
}

/** @throws where something is missing or can't be read */
export const readEnvironment = (env: NodeJS.ProcessEnv): WindowEnvironment => {
  const from = environmentOf('speed-window', env)
  return { ...duplicatesEnvironment(from), dataBucket: from.needed('DATA_BUCKET'), endpointUrl: from.s3Endpoint }
}
