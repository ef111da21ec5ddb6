import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

const ignoreEnd = (): undefined => undefined

/**
 * The lines of a gzip text, ended by `\n` alone: Node's readline also splits at U+2028 and U+2029, which JSON text may
 * hold. @throws where the bytes are cut off or no gzip.
 */
export async function* gunzipLines(gzip: Uint8Array): AsyncIterable<string> {
  // pipeline hands an error on to the last stream, where the loop below throws it.
  const text = pipeline(Readable.from([gzip]), createGunzip().setEncoding('utf8'), ignoreEnd)
  let rest = ''
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
