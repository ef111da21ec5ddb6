import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Choices } from './choices.ts'
import type { Machine } from './machine.ts'
import { runProgram } from './processes.ts'
import { buildProgram, synthesizedMachine } from './program.ts'
import { runSchedule, shrink } from './schedule.ts'
import { prepare } from './simulated.ts'

const usage = `npm run test:simulation -- [--schedules N] [--seed S] [--processes P] [--replay CHOICES]
  N schedules (10000) from seed S (1) on, over P processes. CHOICES: a schedule as a failure printed it.`

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      schedules: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      processes: { type: 'string', default: String(availableParallelism()) },
      replay: { type: 'string' },
    },
  })
  const number = (name: 'schedules' | 'seed' | 'processes'): number => {
    const value = Number(values[name])
    if (!Number.isSafeInteger(value) || value < 1)
      throw new Usage(`--${name} is ${values[name]}; it must be a number from 1 on.`)
    return value
  }
  const replay = values.replay?.split(',').map(Number) ?? null
  if (replay?.some((choice) => !Number.isSafeInteger(choice) || choice < 0) === true)
    throw new Usage('--replay is numbers, separated by commas.')
  return { schedules: number('schedules'), seed: number('seed'), processes: number('processes'), replay }
}

class Usage extends Error {}

/** So many schedules try every fault on every operation; fewer may not. */
const enough = 10_000

/** Runs a failing schedule again, and tells its shortest form as a story. @returns whether it failed */
const explain = async (machine: Machine, choices: Choices): Promise<boolean> => {
  const simulated = await prepare(machine)
  const failing = await runSchedule(simulated, choices)
  if (failing.failure === null) {
    console.log('The schedule goes through: every answer is right at every step.')
    return false
  }
  const shrunk = await shrink(simulated, failing)
  console.log(shrunk.trace.join('\n'))
  console.log(
    `\n${shrunk.failure?.stack}\n\nAgain: npm run test:simulation -- --replay ${trimmed(shrunk.choices).join(',')}`,
  )
  return true
}

/** What is left out at the end is 0 all the same. */
const trimmed = (choices: readonly number[]): readonly number[] =>
  choices.slice(0, choices.findLastIndex((choice) => choice !== 0) + 1)

/** @returns the exit code */
const main = async (): Promise<number> => {
  const options = readOptions()
  const machine = synthesizedMachine()
  if (options.replay !== null) return (await explain(machine, Choices.replayed(options.replay))) ? 1 : 0
  const program = await buildProgram(machine)
  try {
    const startedAt = performance.now()
    const report = await runProgram(program.script, options)
    console.log(`${report.text((performance.now() - startedAt) / 1000)}; code ${program.fingerprint}`)
    const [failure] = report.slice.failures
    if (failure === undefined) {
      if (report.untried.length === 0 || options.schedules < enough) return 0
      console.log(`\nNot every fault was tried on: ${report.untried.join('; ')}.`)
      return 1
    }
    console.log(`\nSeed ${failure.seed} fails: ${failure.message}\n`)
    await explain(machine, Choices.seeded(failure.seed))
    return 1
  } finally {
    program.remove()
  }
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    console.error(error instanceof Usage ? `${error.message}\n${usage}` : error)
    process.exitCode = error instanceof Usage ? 2 : 1
  },
)
