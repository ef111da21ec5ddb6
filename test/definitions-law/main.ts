import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { coreRound, runRound } from '../localstack/definitions-law/round.ts'
import { Figures } from './figures.ts'
import { told } from './told.ts'

/** Definitions of one model; each model has records of its own. */
const definitionsPerModel = 150

const count = (name: string, text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} ${text}: a whole number is needed.`)
  return Number(text)
}

const secondsSince = (start: number): string => ((performance.now() - start) / 1000).toFixed(0)

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      definitions: { type: 'string', default: '200' },
      records: { type: 'string', default: '400' },
      seed: { type: 'string', default: '1' },
      // Core alone, in this process.
      core: { type: 'boolean', default: false },
      // No other model is begun after so long.
      minutes: { type: 'string', default: '600' },
    },
  })
  const [definitions, records, seed, minutes] = [
    count('definitions', values.definitions),
    count('records', values.records),
    count('seed', values.seed),
    count('minutes', values.minutes),
  ]
  const startedAt = performance.now()
  const figures = new Figures()
  for (let round = 0; round * definitionsPerModel < definitions; round++) {
    if (performance.now() - startedAt > minutes * 60_000) break
    const dir = mkdtempSync(join(tmpdir(), 'tidemark-definitions-'))
    try {
      const perModel = Math.min(definitionsPerModel, definitions - round * definitionsPerModel)
      const { round: one, flaws } = await (values.core ? coreRound : runRound)(
        { seed: seed + round, definitions: perModel, records },
        { dir, increment: true, onCells: (by, metric, cells) => figures.add(by, metric, cells) },
      )
      for (const flaw of flaws.slice(0, 3)) console.error(told(one, flaw))
      if (flaws.length > 0) throw new Error(`${flaws.length} definitions of seed ${seed + round} answer otherwise.`)
      figures.definitions += perModel
      figures.records += records
      console.error(`seed ${seed + round}: ${perModel} definitions alike, ${secondsSince(startedAt)} s so far`)
    } finally {
      rmSync(dir, { recursive: true })
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  console.log(
    `${figures.definitions} definitions of seed ${seed}, ${figures.records} records, ${seconds} s: all alike.`,
  )
  console.log(`\n${figures.table()}`)
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
