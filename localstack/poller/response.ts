import type { EventRecord } from './event.ts'

/** What became of a batch: `done` of its first records succeeded; the others, where there are any, are to be retried. */
export interface Outcome {
  readonly done: number
  /** Why not all are done. */
  readonly reason?: string
}

/** What an invocation gave back: Lambda's FunctionError and payload. */
export interface InvocationResult {
  readonly functionError?: string | undefined
  readonly payload: string
}

const shown = (text: string): string => (text.length > 500 ? `${text.slice(0, 500)}…` : text)

const parsed = (payload: string): { value: unknown } | { malformed: true } => {
  if (payload.trim() === '') return { value: null }
  try {
    return { value: JSON.parse(payload) }
  } catch (error) {
    if (error instanceof SyntaxError) return { malformed: true }
    throw error
  }
}

const failedIdentifiers = (response: unknown): readonly unknown[] | 'malformed' => {
  if (response === null || response === undefined) return []
  if (typeof response !== 'object' || Array.isArray(response)) return 'malformed'
  const failures = 'batchItemFailures' in response ? response.batchItemFailures : null
  if (failures === null || failures === undefined) return []
  if (!Array.isArray(failures)) return 'malformed'
  return failures.map((failure) => failure?.itemIdentifier)
}

/**
 * Reads the answer to a batch as Lambda documents it: a null or empty answer or list is success; the lowest reported sequence
 * number is where the retry begins; an empty, null, missing or foreign `itemIdentifier`, or an answer of another shape, fails
 * the batch as a whole. Without `reportsItemFailures`, whatever a function returns is success.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 */
export const readOutcome = (
  result: InvocationResult,
  batch: readonly EventRecord[],
  reportsItemFailures: boolean,
): Outcome => {
  if (result.functionError !== undefined)
    return { done: 0, reason: `${result.functionError}: ${shown(result.payload)}` }
  if (!reportsItemFailures) return { done: batch.length }
  const answer = parsed(result.payload)
  const failed = 'malformed' in answer ? 'malformed' : failedIdentifiers(answer.value)
  if (failed === 'malformed') return { done: 0, reason: `malformed batch response: ${shown(result.payload)}` }
  if (failed.length === 0) return { done: batch.length }
  const positions = new Map<unknown, number>(batch.map((record, index) => [record.sequenceNumber, index]))
  const indexes = failed.map((identifier) => positions.get(identifier) ?? -1)
  if (indexes.includes(-1))
    return { done: 0, reason: `an itemIdentifier that is not in the batch: ${shown(result.payload)}` }
  const done = indexes.reduce((lowest, index) => Math.min(lowest, index))
  return { done, reason: `the function reported ${failed.length} of ${batch.length} records as failed` }
}
