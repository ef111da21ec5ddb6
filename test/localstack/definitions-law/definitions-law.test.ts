import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { told } from '../../definitions-law/told.ts'
import { plantedInTables } from './planted-in-tables.ts'
import { type Round, runRound } from './round.ts'
import { stageFlaws } from './stage-law.ts'

const dir = mkdtempSync(join(tmpdir(), 'tidemark-definitions-'))

/** The short form of `npm run test:definitions`. */
describe('random definitions by every layer', () => {
  let spark: ChildProcess | undefined
  let done: Round
  const cells = new Map<string, number>()
  const seen = new Map<string, boolean>()

  beforeAll(async () => {
    done = await runRound(
      { seed: 2, definitions: 30, records: 300 },
      {
        dir,
        increment: false,
        onCells: (by, _, count) => cells.set(by, (cells.get(by) ?? 0) + count),
        onStart: (child) => {
          spark = child
        },
        meanwhile: async (stage, round) => {
          for (const { name, plant, undo } of plantedInTables) {
            await stage.local.prepare(...plant)
            seen.set(name, (await stageFlaws(stage, round, round.story, undefined, 1)).length > 0)
            await stage.local.prepare(...undo)
          }
          // What was planted is gone again, or a fault would be seen for another's sake.
          seen.set('nothing', (await stageFlaws(stage, round, round.story)).length > 0)
        },
      },
    )
  })
  afterAll(() => {
    spark?.kill()
    rmSync(dir, { recursive: true, force: true })
  })

  it('core, Spark and the warehouse answer what a plain recount of the events does', () => {
    expect(done.flaws.map((flaw) => told(done.round, flaw))).toEqual([])
    for (const by of ['core', 'API', 'views']) expect(cells.get(by)).toBeGreaterThan(300)
  })

  it.each(plantedInTables)('$name: the recount sees it', ({ name }) => {
    expect({ name, seen: seen.get(name) }).toEqual({ name, seen: true })
  })

  it('sees nothing where nothing is planted', () => expect(seen.get('nothing')).toBe(false))
})
