import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runningStage } from '../../localstack/stage-file.ts'
import { functionOf, type Process, processesOf, type StageProcesses } from './processes.ts'

/** What is killed while events flow. Spark's are for a time when a recompute runs. */
export const flowFaults = ['function', 'poller', 'postgres', 'valkey', 'valkey emptied'] as const
export const sparkFaults = ['spark job', 'spark endpoint'] as const
export type FaultKind = (typeof flowFaults)[number] | (typeof sparkFaults)[number]

const told: Readonly<Record<FaultKind, string>> = {
  function: 'function workers',
  poller: 'poller',
  postgres: 'PostgreSQL',
  valkey: 'Valkey, its append-only file kept',
  'valkey emptied': 'Valkey, its append-only file lost with it',
  'spark job': 'Spark, while it recomputes',
  'spark endpoint': 'Spark’s endpoint and its job, while it recomputes',
}

const targets: Readonly<Record<FaultKind, keyof StageProcesses>> = {
  function: 'functions',
  poller: 'poller',
  postgres: 'postgres',
  valkey: 'valkey',
  'valkey emptied': 'valkey',
  'spark job': 'sparkJobs',
  'spark endpoint': 'sparkEndpoint',
}

const patienceMs = 120_000

/**
 * Ends processes of one kind by SIGKILL, waiting until there is one; of the functions' workers about half, at least one. Answers what
 * was killed. @throws where there is none after two minutes
 */
export const strike = async (home: string, kind: FaultKind, random: () => number): Promise<string> => {
  const victims = await untilThere(home, kind)
  const chosen = kind === 'function' ? someOf(victims, random) : victims
  if (kind === 'valkey emptied') rmSync(join(home, 'valkey', 'appendonlydir'), { recursive: true, force: true })
  for (const { pid } of chosen) kill(pid)
  const names = chosen.map(({ command }) => functionOf(command)).filter((name) => name !== undefined)
  return `${told[kind]}${names.length === 0 ? '' : ` (${names.sort().join(', ')})`}`
}

/** Waits until a Spark job's driver runs. */
export const untilJobRuns = async (home: string): Promise<void> => {
  await untilThere(home, 'spark job')
}

const untilThere = async (home: string, kind: FaultKind): Promise<readonly Process[]> => {
  const stage = runningStage(home)
  if (stage === undefined) throw new Error(`The stage in ${home} is down.`)
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    const found = processesOf(stage.pid)[targets[kind]]
    if (found.length > 0) return found
    if (performance.now() > giveUpAt) throw new Error(`No process to kill for "${kind}" in ${patienceMs / 1000} s.`)
    await sleep(100)
  }
}

const someOf = (processes: readonly Process[], random: () => number): Process[] => {
  const some = processes.filter(() => random() < 0.5)
  const [first] = processes
  return some.length > 0 || first === undefined ? some : [first]
}

/** That it has just ended by itself is no error. */
const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
