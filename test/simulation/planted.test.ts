import { plantedFaults } from './planted.ts'
import { runProgram } from './processes.ts'
import { buildProgram, synthesizedMachine } from './program.ts'

/** Every fault must be seen within this many schedules of a seed. */
const schedules = 500
/** The same at every run, so that a red one can be looked at; `PLANTED_SEED` tries another. */
const givenSeed = process.env.PLANTED_SEED === undefined ? null : Number(process.env.PLANTED_SEED)
const usualSeed = 20_261_122

describe('the simulation', () => {
  const machine = synthesizedMachine()

  it('plants at least twenty faults, each under a name of its own', () => {
    expect(plantedFaults.length).toBeGreaterThanOrEqual(20)
    expect(new Set(plantedFaults.map(({ name }) => name)).size).toBe(plantedFaults.length)
  })

  it('sees nothing in the code as it is', async () => {
    const program = await buildProgram(machine)
    try {
      const report = await runProgram(program.script, { seed: givenSeed ?? usualSeed, schedules, processes: 1 })
      expect(report.slice).toMatchObject({ schedules, failures: [] })
    } finally {
      program.remove()
    }
  })

  it.each(plantedFaults)('sees that $name', async ({ name, mutations, seed: ownSeed = usualSeed }) => {
    const seed = givenSeed ?? ownSeed
    const program = await buildProgram(machine, mutations)
    try {
      const report = await runProgram(program.script, { seed, schedules, processes: 1 })
      // A fault that merely stumbles is caught by any test.
      const caught = { kind: 'WrongAnswer' }
      expect({ name, seed, failures: report.slice.failures }).toMatchObject({ name, seed, failures: [caught] })
    } finally {
      program.remove()
    }
  })
})
