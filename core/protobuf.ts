/** One field of a protobuf message as it stands on the wire: a number, or bytes; other wire types are null. */
export interface WireField {
  readonly number: number
  readonly value: number | Uint8Array | null
}

const varint = 0
const fixed64 = 1
const lengthDelimited = 2
const fixed32 = 5

/** 64 bits in groups of seven. */
const maxVarintBytes = 10

/**
 * The fields of a message in their order; null where the bytes are none. Groups, which proto2 has long given up, count
 * as none. Every step takes at least one byte, so there are no more steps than bytes.
 */
export const readMessage = (bytes: Uint8Array): WireField[] | null => {
  const fields: WireField[] = []
  for (let at = 0; at < bytes.length; ) {
    const key = readVarint(bytes, at)
    if (key === null || key.value < 8) return null
    const read = readValue(bytes, key.next, key.value % 8)
    if (read === null) return null
    fields.push({ number: Math.floor(key.value / 8), value: read.value })
    at = read.next
  }
  return fields
}

const readValue = (
  bytes: Uint8Array,
  at: number,
  wireType: number,
): { value: WireField['value']; next: number } | null => {
  switch (wireType) {
    case varint:
      return readVarint(bytes, at)
    case lengthDelimited: {
      const length = readVarint(bytes, at)
      return length === null || length.value > bytes.length - length.next
        ? null
        : { value: bytes.subarray(length.next, length.next + length.value), next: length.next + length.value }
    }
    case fixed32:
    case fixed64: {
      const next = at + (wireType === fixed32 ? 4 : 8)
      return next > bytes.length ? null : { value: null, next }
    }
    default:
      return null
  }
}

/** Exact up to 2^53; what is greater stays greater, which no length and no index here ever is. */
const readVarint = (bytes: Uint8Array, at: number): { value: number; next: number } | null => {
  let value = 0
  for (let read = 0; read < maxVarintBytes; read++) {
    const byte = bytes[at + read]
    if (byte === undefined) return null
    value += (byte & 0x7f) * 2 ** (7 * read)
    if (byte < 0x80) return { value, next: at + read + 1 }
  }
  return null
}
