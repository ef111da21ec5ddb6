import type { KinesisStreamEvent } from 'aws-lambda'
import { S3Archive, s3Client } from '../../stores/archive/s3.ts'
import { archiveEvent } from './archive.ts'
import { readEnvironment } from './env.ts'

const environment = readEnvironment(process.env)
const archive = new S3Archive(s3Client(environment.endpointUrl), environment.dataBucket)

/** Keeps each batch as one raw object. An error fails the batch as a whole, and Lambda brings it again. */
export const handler = async (event: KinesisStreamEvent): Promise<void> => {
  const startedAt = performance.now()
  try {
    const archived = await archiveEvent(event, archive)
    console.log(
      JSON.stringify({ message: 'archived', ...archived, durationMs: Math.round(performance.now() - startedAt) }),
    )
  } catch (error) {
    console.error(
      JSON.stringify({
        message: 'archive failed',
        firstEventID: event.Records[0]?.eventID ?? null,
        records: event.Records.length,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    )
    throw error
  }
}
