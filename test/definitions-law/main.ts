import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { soundEngine } from './core-answers.ts'
import { coreFlaws } from './core-law.ts'
import { drawn } from './drawn.ts'
import { Figures } from './figures.ts'
import { told } from './told.ts'

/** Definitions of one model; each model has records of its own. */
const definitionsPerModel = 200

const count = (name: string, text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} ${text}: a whole number is needed.`)
  return Number(text)
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      definitions: { type: 'string', default: '200' },
      records: { type: 'string', default: '400' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [definitions, records, seed] = [
    count('definitions', values.definitions),
    count('records', values.records),
    count('seed', values.seed),
  ]
  const startedAt = performance.now()
  const figures = new Figures()
  for (let round = 0; round * definitionsPerModel < definitions; round++) {
    const dir = mkdtempSync(join(tmpdir(), 'tidemark-definitions-'))
    try {
      const perModel = Math.min(definitionsPerModel, definitions - round * definitionsPerModel)
      const one = await drawn({ seed: seed + round, definitions: perModel, records }, dir)
      const flaws = coreFlaws(soundEngine(one.model), one.plan, one.story, (metric, cells) =>
        figures.add('core', metric, cells),
      )
      for (const flaw of flaws.slice(0, 3)) console.error(told(one, flaw))
      if (flaws.length > 0) throw new Error(`${flaws.length} definitions of seed ${seed + round} answer otherwise.`)
      figures.definitions += perModel
      figures.records += records
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
