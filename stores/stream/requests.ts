import { RecordTooLarge, type StreamRecord } from './stream.ts'

/**
 * What one PutRecords request takes. AWS's quotas (Kinesis Data Streams, "Quotas and limits" and "Handle large
 * records"): 500 records, 10 MiB in all with partition keys (5 MiB before large records came), 10 MiB a record.
 * Requests are kept to 5 MiB, which every endpoint takes; a larger record goes alone.
 */
export const requestLimits = { records: 500, bytes: 5 * 1024 * 1024 } as const

/** A stream takes records up to 1 MiB unless its own setting (MaxRecordSizeInKiB, up to 10240) says more. */
export const defaultMaxRecordBytes = 1024 * 1024

/** What Kinesis counts: the data and the partition key in UTF-8. */
export const recordBytes = (record: StreamRecord): number =>
  record.data.byteLength + Buffer.byteLength(record.partitionKey, 'utf8')

/** @throws RecordTooLarge for the first record that no request could carry. */
export const assertRecordSizes = (records: readonly StreamRecord[], maxRecordBytes: number): void => {
  for (const [index, record] of records.entries()) {
    const size = recordBytes(record)
    if (size > maxRecordBytes) throw new RecordTooLarge(index, size, maxRecordBytes)
  }
}

/** Cuts records into requests, in order. */
export const splitIntoRequests = (records: readonly StreamRecord[]): StreamRecord[][] => {
  const requests: StreamRecord[][] = []
  let current: StreamRecord[] = []
  let bytes = 0
  for (const record of records) {
    const size = recordBytes(record)
    if (current.length > 0 && (current.length === requestLimits.records || bytes + size > requestLimits.bytes)) {
      requests.push(current)
      current = []
      bytes = 0
    }
    current.push(record)
    bytes += size
  }
  if (current.length > 0) requests.push(current)
  return requests
}
