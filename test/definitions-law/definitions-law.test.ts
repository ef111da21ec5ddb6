import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { soundEngine } from './core-answers.ts'
import { coreFlaws } from './core-law.ts'
import { type Drawn, drawn } from './drawn.ts'
import { plantedFaults, plantedIn } from './planted.ts'
import { told } from './told.ts'

describe('random definitions of random events', () => {
  let dir: string
  let round: Drawn
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tidemark-definitions-'))
    round = await drawn({ seed: 2, definitions: 200, records: 400 }, dir)
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  it('core answers what a plain recount of the events does', () => {
    const { model, plan, story } = round
    let cells = 0
    const flaws = coreFlaws(soundEngine(model), plan, story, (_, count) => {
      cells += count
    })
    expect(flaws.map((flaw) => told(round, flaw))).toEqual([])
    // Metrics that nothing came to would show little.
    expect(cells).toBeGreaterThan(plan.metrics.length * 10)
  })

  it.each(plantedFaults)('$name: the recount sees it', async (fault) => {
    const { model, plan, story } = round
    const flaws = coreFlaws(await plantedIn(fault, model), plan, story)
    expect({ fault: fault.name, seen: flaws.length > 0 }).toEqual({ fault: fault.name, seen: true })
  })
})
