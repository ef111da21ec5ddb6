import { createHash } from 'node:crypto'

/**
 * The user records in an aggregate of the Kinesis Producer Library (its aggregation-format.md), read anew here, apart
 * from `core`: what verify checks must not check itself. null where the bytes are no aggregate, or one that is damaged or
 * empty.
 */
export const userRecordsIn = (bytes: Buffer): Buffer[] | null => {
  const sum = bytes.length - 16
  if (sum < 5 || bytes.readUInt32BE(0) !== 0xf3899ac2) return null
  const digest = createHash('md5').update(bytes.subarray(4, sum)).digest('hex')
  if (digest !== bytes.toString('hex', sum)) return null
  try {
    return aggregated(new Cursor(bytes.subarray(4, sum)))
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
}

class Malformed extends Error {}

const aggregated = (message: Cursor): Buffer[] | null => {
  const tables: Record<string, number> = { 1: 0, 2: 0 }
  const records: Buffer[] = []
  message.each((tag, content) => {
    if (!(content instanceof Buffer)) return
    if (tag === 3n) records.push(content)
    else if (`${tag}` in tables) tables[`${tag}`] = (tables[`${tag}`] ?? 0) + 1
  })
  const datas = records.map((record) => dataOf(record, tables[1] ?? 0, tables[2] ?? 0))
  return datas.length === 0 || datas.length > 1_000_000 ? null : datas
}

const dataOf = (record: Buffer, partitionKeys: number, hashKeys: number): Buffer => {
  let [data, key]: [Buffer | null, bigint | null] = [null, null]
  new Cursor(record).each((tag, content) => {
    if (tag === 1n && typeof content === 'bigint') key = content
    if (tag === 2n && typeof content === 'bigint' && content >= hashKeys) throw new Malformed()
    if (tag === 3n && content instanceof Buffer) data = content
  })
  if (data === null || key === null || key >= partitionKeys) throw new Malformed()
  return data
}

/** Walks over a protobuf message, field by field. */
class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** `content` is null for fixed-width fields, which no aggregate has. @throws Malformed */
  each(visit: (tag: bigint, content: bigint | Buffer | null) => void): void {
    while (this.#at < this.#bytes.length) {
      const key = this.#number()
      if (key >> 3n === 0n) throw new Malformed()
      visit(key >> 3n, this.#content(key & 7n))
    }
  }

  #content(wireType: bigint): bigint | Buffer | null {
    if (wireType === 0n) return this.#number()
    if (wireType === 2n) return this.#take(this.#number())
    if (wireType !== 1n && wireType !== 5n) throw new Malformed()
    this.#take(wireType === 1n ? 8n : 4n)
    return null
  }

  #number(): bigint {
    let [number, shift] = [0n, 0n]
    for (;;) {
      const byte = this.#take(1n).readUInt8(0)
      if (shift > 63n) throw new Malformed()
      number |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return number
      shift += 7n
    }
  }

  #take(length: bigint): Buffer {
    const start = this.#at
    if (length > BigInt(this.#bytes.length - start)) throw new Malformed()
    this.#at = start + Number(length)
    return this.#bytes.subarray(start, this.#at)
  }
}
