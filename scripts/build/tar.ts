import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

export interface ArchiveEntry {
  /** Its path in the archive: ASCII, at most 100 characters. */
  readonly name: string
  /** The file on disk that it holds. */
  readonly file: string
  readonly mode: number
}

const blockBytes = 512

/** Writes a gzipped tar whose bytes depend on names, modes and contents alone: no times, no owners. */
export const writeTarGz = async (archive: string, entries: readonly ArchiveEntry[]): Promise<void> =>
  pipeline(Readable.from(tarOf(entries)), createGzip({ level: 1, chunkSize: 1 << 20 }), createWriteStream(archive))

async function* tarOf(entries: readonly ArchiveEntry[]): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    const { size } = await stat(entry.file)
    yield headerOf(entry, size)
    yield* createReadStream(entry.file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>
    yield Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes)
  }
  yield Buffer.alloc(2 * blockBytes)
}

/** A header of the ustar format (POSIX.1-1988), owned by root, from the epoch's start. */
const headerOf = ({ name, mode }: ArchiveEntry, sizeBytes: number): Buffer => {
  const header = Buffer.alloc(blockBytes)
  const octal = (value: number, at: number, digits: number): number =>
    header.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1')
  header.write(name, 0, 'latin1')
  octal(mode, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(sizeBytes, 124, 11)
  octal(0, 136, 11)
  header.write('        0', 148, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  const checksum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}
