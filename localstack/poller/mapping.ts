import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda'

/** What the poller needs of an event source mapping. */
export interface Mapping {
  readonly uuid: string
  readonly streamArn: string
  readonly functionArn: string
  readonly functionName: string
  readonly batchSize: number
  readonly batchingWindowMs: number
  readonly reportsItemFailures: boolean
}

/** Says nothing about which records reach the function, or when. */
const descriptive = new Set([
  'UUID',
  'EventSourceArn',
  'EventSourceMappingArn',
  'FunctionArn',
  'FunctionName',
  'Qualifier',
  'State',
  'StateTransitionReason',
  'LastModified',
  'LastProcessingResult',
  'Enabled',
  'Tags',
])

const largestBatch = 10_000
const longestWindowSeconds = 300

const isUnset = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && !(value instanceof Date) && Object.values(value).every(isUnset))

const wholeBetween = (low: number, high: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= low && Number(value) <= high

/** The values of each setting that the poller honours; https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const honoured: Readonly<Record<string, (value: unknown) => boolean>> = {
  BatchSize: wholeBetween(1, largestBatch),
  MaximumBatchingWindowInSeconds: wholeBetween(0, longestWindowSeconds),
  FunctionResponseTypes: (value) =>
    isUnset(value) || (Array.isArray(value) && value.every((type) => type === 'ReportBatchItemFailures')),
  StartingPosition: (value) => value === 'TRIM_HORIZON',
  ParallelizationFactor: (value) => value === 1,
  MaximumRetryAttempts: (value) => value === -1,
  MaximumRecordAgeInSeconds: (value) => value === -1,
  TumblingWindowInSeconds: (value) => value === 0,
}

const refuseUnknown = (mapping: EventSourceMappingConfiguration): void => {
  for (const [setting, value] of Object.entries(mapping)) {
    if (descriptive.has(setting) || value === undefined || value === null) continue
    const accepts = honoured[setting] ?? isUnset
    if (!accepts(value))
      throw new Error(
        `Event source mapping ${mapping.UUID} of ${mapping.FunctionArn} sets ${setting} to ${JSON.stringify(value)}, which the laptop stage's poller does not implement. Change the mapping, or extend localstack/poller/mapping.ts.`,
      )
  }
}

const functionNameFrom = (functionArn: string): string => functionArn.split(':')[6] ?? functionArn

/** True of a mapping from a Kinesis stream to one of Tidemark's own functions. */
export const isOurs = (mapping: EventSourceMappingConfiguration): boolean =>
  (mapping.EventSourceArn ?? '').split(':')[2] === 'kinesis' &&
  functionNameFrom(mapping.FunctionArn ?? '').startsWith('tidemark-')

/**
 * Reads a deployed mapping.
 * @throws where it has a setting that the poller does not implement, naming mapping, setting and value.
 */
export const mappingFrom = (mapping: EventSourceMappingConfiguration): Mapping => {
  refuseUnknown(mapping)
  const { UUID, EventSourceArn, FunctionArn, BatchSize, StartingPosition } = mapping
  if (!UUID || !EventSourceArn || !FunctionArn || BatchSize === undefined || StartingPosition === undefined)
    throw new Error(`An event source mapping lacks what every mapping has: ${JSON.stringify(mapping)}`)
  return {
    uuid: UUID,
    streamArn: EventSourceArn,
    functionArn: FunctionArn,
    functionName: functionNameFrom(FunctionArn),
    batchSize: BatchSize,
    batchingWindowMs: (mapping.MaximumBatchingWindowInSeconds ?? 0) * 1000,
    reportsItemFailures: mapping.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
  }
}
