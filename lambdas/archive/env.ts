/** What the archive function is told by its stage. */
export interface ArchiveEnvironment {
  readonly dataBucket: string
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): ArchiveEnvironment => {
  const dataBucket = env.DATA_BUCKET
  if (!dataBucket) throw new Error('The archive function needs DATA_BUCKET, the name of the data bucket.')
  return { dataBucket, endpointUrl: env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL }
}
