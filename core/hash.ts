import xxhash from 'xxhash-wasm'

/** xxHash64 with seed 42 of a text's UTF-8 bytes: the hash that Spark's `xxhash64` computes too. */
export type Hash64 = (text: string) => bigint

const seed = 42n

/** Compiles the WebAssembly behind the hash; do it once, at start. */
export const loadHash64 = async (): Promise<Hash64> => {
  const { h64 } = await xxhash()
  return (text) => h64(text, seed)
}
