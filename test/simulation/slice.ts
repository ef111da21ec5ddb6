import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Choices } from './choices.ts'
import type { Machine } from './machine.ts'
import { Report } from './report.ts'
import { runSchedule } from './schedule.ts'
import { prepare } from './simulated.ts'

/**
 * One process's part of a simulation: `SEED SCHEDULES [FAILURES]`. Prints what it found as one line of JSON, and stops
 * early after so many failures (1).
 */
const runSlice = async (first: number, schedules: number, maxFailures: number): Promise<void> => {
  // It tells messages alone: a schedule that fails is run again to be told, with its stack.
  Error.stackTraceLimit = 0
  const report = new Report()
  const machine = JSON.parse(readFileSync(join(import.meta.dirname, 'machine.json'), 'utf8')) as Machine
  const simulated = await prepare(machine)
  for (let seed = first; seed < first + schedules && report.slice.failures.length < maxFailures; seed++)
    report.add(seed, await runSchedule(simulated, Choices.seeded(seed)))
  process.stdout.write(JSON.stringify(report.slice))
}

const [seed = 1, schedules = 1, failures = 1] = process.argv.slice(2).map(Number)
runSlice(seed, schedules, failures).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
