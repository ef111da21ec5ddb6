import { readSync, writeSync } from 'node:fs'

/**
 * How the job and its worker talk over stdin and stdout. A frame is a header of 12 bytes (the magic number, the kind
 * and the payload's length, each uint32, little endian) and its payload. Anything else that a library prints to stdout
 * is thereby told from a frame.
 */
export const frameMagic = 0x4b524d54
const headerBytes = 12

/** Above any frame that either side sends (some MB): a length beyond it is garbage. */
const maxPayloadBytes = 512 * 1024 * 1024

export const frameKinds = {
  /** In: JSON `{name, shardId, above, upTo}`: where the lines that follow come from, and which of them count. */
  source: 1,
  /** In: whole lines of a raw object, unzipped. */
  lines: 2,
  /** In: decoded records' shardId, sequenceNumber, arrivalTime, data, dataBase64 and subSequence as columns, to decode again. */
  records: 3,
  /** Out: decoded records and their contributions as columns. */
  block: 4,
  /** Out, last: JSON `{records}`. */
  done: 5,
  /** In, first where there is one: JSON, what is left out, and was where it is served (`LeftOutInput` of left-out.ts). */
  exclusions: 6,
} as const

export interface Frame {
  readonly kind: number
  readonly payload: Buffer
}

/** Reads one frame, blocking; null at the end of the input. @throws where the input is no frame or is cut off. */
export const readFrame = (descriptor: number): Frame | null => {
  const header = readExactly(descriptor, headerBytes)
  if (header === null) return null
  const kind = header.readUInt32LE(4)
  const length = header.readUInt32LE(8)
  if (header.readUInt32LE(0) !== frameMagic || length > maxPayloadBytes)
    throw new Error(`The worker's input is no frame: it begins with ${header.toString('hex')}.`)
  const payload = readExactly(descriptor, length)
  if (payload === null)
    throw new Error(`The worker's input ends before the ${length} bytes of a frame of kind ${kind}.`)
  return { kind, payload }
}

/** Writes one frame, blocking until the job has taken it: this is all the backpressure there is. */
export const writeFrame = (descriptor: number, kind: number, parts: readonly Uint8Array[]): void => {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32LE(frameMagic, 0)
  header.writeUInt32LE(kind, 4)
  header.writeUInt32LE(
    parts.reduce((sum, part) => sum + part.byteLength, 0),
    8,
  )
  writeAll(descriptor, header)
  for (const part of parts) writeAll(descriptor, part)
}

/** Puts columns into a frame's payload: the counts, then each buffer's length (all uint32) and bytes. */
export const packBuffers = (counts: readonly number[], buffers: readonly Uint8Array[]): Uint8Array[] => [
  uint32s(counts),
  ...buffers.flatMap((buffer) => [uint32s([buffer.byteLength]), buffer]),
]

/** The inverse of `packBuffers`. */
export const unpackBuffers = (payload: Buffer, countOfCounts: number): { counts: number[]; buffers: Buffer[] } => {
  const counts = Array.from({ length: countOfCounts }, (_, index) => payload.readUInt32LE(4 * index))
  const buffers: Buffer[] = []
  for (let at = 4 * countOfCounts; at < payload.length; ) {
    const end = at + 4 + payload.readUInt32LE(at)
    if (end > payload.length) throw new Error(`A frame's column ends at byte ${end} of ${payload.length}.`)
    buffers.push(payload.subarray(at + 4, end))
    at = end
  }
  return { counts, buffers }
}

const uint32s = (values: readonly number[]): Uint8Array => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value, 4 * index)
  })
  return bytes
}

const readExactly = (descriptor: number, length: number): Buffer | null => {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; ) {
    const read = readSync(descriptor, bytes, at, length - at, null)
    if (read === 0 && at === 0) return null
    if (read === 0) throw new Error(`The worker's input is cut off: ${at} of ${length} bytes came.`)
    at += read
  }
  return bytes
}

const writeAll = (descriptor: number, bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(descriptor, bytes, at, bytes.byteLength - at)
}
