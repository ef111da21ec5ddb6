import { environmentOf } from '../environment.ts'

/** What the archive function is told by its stage. */
export interface ArchiveEnvironment {
  readonly dataBucket: string
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): ArchiveEnvironment => {
  const { needed, s3Endpoint } = environmentOf('archive', env)
  return { dataBucket: needed('DATA_BUCKET'), endpointUrl: s3Endpoint }
}
