import { type Hash64, loadHash64 } from '../../core/hash.ts'
import { estimateRegisters, registerCount, registerOf, standardError } from '../../core/hyperloglog.ts'

const mask = 2n ** 64n - 1n
const [p1, p2, p3, p4, p5] = [
  11400714785074694791n,
  14029467366897019727n,
  1609587929392839161n,
  9650029242287828579n,
  2870177450012600261n,
] as const
const rotl = (x: bigint, bits: bigint): bigint => ((x << bits) | (x >> (64n - bits))) & mask
const round = (lane: bigint, input: bigint): bigint => (rotl((lane + input * p2) & mask, 31n) * p1) & mask

/** xxHash64 as its specification has it, on whole numbers of any size. */
const plainHash = (bytes: Buffer, seed: bigint): bigint => {
  const full = bytes.length - (bytes.length % 32)
  let hash = seed + p5
  if (full > 0) {
    const lanes = [seed + p1 + p2, seed + p2, seed, seed - p1].map((lane) => BigInt.asUintN(64, lane))
    for (let at = 0; at < full; at += 8) {
      const lane = (at / 8) % 4
      lanes[lane] = round(lanes[lane] ?? 0n, bytes.readBigUInt64LE(at))
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, lane) => sum + rotl(lanes[lane] ?? 0n, bits), 0n)
    for (const lane of lanes) hash = (((hash ^ round(0n, lane)) & mask) * p1 + p4) & mask
  }
  hash = (hash + BigInt(bytes.length)) & mask
  let at = full
  for (; at + 8 <= bytes.length; at += 8)
    hash = (rotl(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * p1 + p4) & mask
  for (; at + 4 <= bytes.length; at += 4)
    hash = (rotl(hash ^ ((BigInt(bytes.readUInt32LE(at)) * p1) & mask), 23n) * p2 + p3) & mask
  for (; at < bytes.length; at++) hash = (rotl(hash ^ ((BigInt(bytes[at] ?? 0) * p5) & mask), 11n) * p1) & mask
  hash = ((hash ^ (hash >> 33n)) * p2) & mask
  hash = ((hash ^ (hash >> 29n)) * p3) & mask
  return hash ^ (hash >> 32n)
}

const plainRegister = (hash: bigint): { index: number; rank: number } => {
  const bits = hash.toString(2).padStart(64, '0')
  const first = bits.slice(14).indexOf('1')
  return { index: Number.parseInt(bits.slice(0, 14), 2), rank: first === -1 ? 51 : first + 1 }
}

const texts = ['', 'a', 'N14228', 'mitte', 'Zürich', '🛫', 'x'.repeat(31), 'x'.repeat(32), 'ü'.repeat(50), '\u0001']

describe('distinct counts', () => {
  let hash: Hash64
  beforeAll(async () => {
    hash = await loadHash64()
  })

  it("hash as Spark's documentation says: xxhash64('Spark', array(123), 2) is 5602566077635097486", () => {
    const int = (value: number): Buffer => Buffer.from(Int32Array.of(value).buffer)
    const chained = [Buffer.from('Spark'), int(123), int(2)].reduce((seed, bytes) => plainHash(bytes, seed), 42n)
    expect(BigInt.asIntN(64, chained)).toBe(5602566077635097486n)
  })

  it.each(texts)('raise the register that a plain xxHash64 with seed 42 says (%j)', (text) => {
    expect(hash(text)).toBe(plainHash(Buffer.from(text), 42n))
    expect(registerOf(hash(text))).toEqual(plainRegister(plainHash(Buffer.from(text), 42n)))
  })

  it('find the first set bit wherever it is', () => {
    for (let bit = 0n; bit < 64n; bit++) {
      expect(registerOf(1n << bit)).toEqual(plainRegister(1n << bit))
      expect(registerOf((1n << bit) | 1n)).toEqual(plainRegister((1n << bit) | 1n))
    }
    expect(registerOf(0n)).toEqual({ index: 0, rank: 51 })
    expect(registerOf(mask)).toEqual({ index: registerCount - 1, rank: 1 })
  })

  it('are off by less than four standard errors, from one value to 400,000', () => {
    const registers = new Map<number, number>()
    let next = 1
    for (let count = 1; count <= 400_000; count++) {
      const { index, rank } = registerOf(hash(`value ${count}`))
      registers.set(index, Math.max(rank, registers.get(index) ?? 0))
      if (count !== next) continue
      const error = Math.abs(estimateRegisters(registers.values()) - count)
      expect([count, error <= Math.max(1, 4 * standardError * count)]).toEqual([count, true])
      next = Math.ceil(count * 1.1)
    }
    expect(estimateRegisters([])).toBe(0)
  })
})
