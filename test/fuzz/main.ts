import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzzModel } from './definitions.ts'
import { fuzz } from './fuzz.ts'

const count = (name: string, text: string): number => {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name} ${text}: a whole number is needed.`)
  return Number(text)
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { inputs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
  })
  const [inputs, seed] = [count('inputs', values.inputs), count('seed', values.seed)]
  const scratchDir = mkdtempSync(join(tmpdir(), 'tidemark-fuzz-'))
  const startedAt = performance.now()
  try {
    const onProgress = (done: number): void => {
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${inputs}`)
    }
    const { records, contributions, verdicts } = fuzz({
      model: await fuzzModel(),
      inputs,
      seed,
      scratchDir,
      onProgress,
    })
    const seconds = (performance.now() - startedAt) / 1000
    console.log(
      `${inputs} inputs of seed ${seed}: ${records} records, ${contributions} contributions, alike on both sides.`,
    )
    console.log(`${seconds.toFixed(1)} s, ${Math.round(inputs / seconds)} inputs/s`)
    for (const [verdict, found] of Object.entries(verdicts).sort(([, a], [, b]) => b - a))
      console.log(`${verdict.padEnd(14)} ${String(found).padStart(9)}`)
  } finally {
    rmSync(scratchDir, { recursive: true })
  }
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
