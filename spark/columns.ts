/**
 * Columns in Arrow's own memory layout, so that the job hands them to pyarrow without looking at a single value:
 * texts are int32 offsets and UTF-8 bytes, nulls a bitmap (bit set: not null), numbers float64.
 */
const firstCapacity = 1024

/** Numbers; the job casts them to int64, and fails where one is no integer. */
export class NumberColumn {
  private values = new Float64Array(firstCapacity)
  length = 0

  push(value: number): void {
    if (this.length === this.values.length) this.values = grown(this.values, new Float64Array(2 * this.length))
    this.values[this.length++] = value
  }

  take(): Uint8Array[] {
    const taken = [bytesOf(this.values.slice(0, this.length))]
    this.length = 0
    return taken
  }
}

/** Where each list ends among its items: n + 1 offsets for n lists. */
export class OffsetColumn {
  private offsets = new Int32Array(firstCapacity)
  length = 0

  push(end: number): void {
    this.length++
    if (this.length === this.offsets.length) this.offsets = grown(this.offsets, new Int32Array(2 * this.length))
    this.offsets[this.length] = end
  }

  take(): Uint8Array[] {
    const taken = [bytesOf(this.offsets.slice(0, this.length + 1))]
    this.length = 0
    return taken
  }
}

export class TextColumn {
  private readonly ends = new OffsetColumn()
  private bytes = Buffer.allocUnsafe(16 * firstCapacity)
  private nulls: number[] = []
  byteLength = 0

  get length(): number {
    return this.ends.length
  }

  push(text: string | null): void {
    if (text === null) this.nulls.push(this.length)
    else this.write(text)
    this.ends.push(this.byteLength)
  }

  take(): Uint8Array[] {
    const validity = this.nulls.length === 0 ? new Uint8Array(0) : validityBitmap(this.length, this.nulls)
    const taken = [validity, ...this.ends.take(), Uint8Array.prototype.slice.call(this.bytes, 0, this.byteLength)]
    this.nulls = []
    this.byteLength = 0
    return taken
  }

  private write(text: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8; a lone surrogate becomes U+FFFD.
    const needed = this.byteLength + 3 * text.length
    if (needed > this.bytes.length) this.bytes = grown(this.bytes, Buffer.allocUnsafe(2 * needed))
    this.byteLength += this.bytes.write(text, this.byteLength, 'utf8')
  }
}

const grown = <T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T => {
  to.set(from)
  return to
}

const bytesOf = (values: Float64Array | Int32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

const validityBitmap = (length: number, nulls: readonly number[]): Uint8Array => {
  const bitmap = new Uint8Array(Math.ceil(length / 8)).fill(0xff)
  for (const at of nulls) bitmap[at >> 3] = (bitmap[at >> 3] ?? 0) & ~(1 << (at & 7))
  return bitmap
}
