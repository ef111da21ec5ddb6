import { execFileSync } from 'node:child_process'

export interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** The stage's processes that are killed, found below its supervisor. */
export interface StageProcesses {
  readonly poller: readonly Process[]
  readonly postgres: readonly Process[]
  readonly valkey: readonly Process[]
  readonly sparkEndpoint: readonly Process[]
  /** Drivers of jobs that run. */
  readonly sparkJobs: readonly Process[]
  /** The warm processes of deployed functions. */
  readonly functions: readonly Process[]
}

export const processesOf = (supervisor: number): StageProcesses => {
  const all = listProcesses()
  const below = (root: number): Process[] =>
    all.filter(({ parent }) => parent === root).flatMap((each) => [each, ...below(each.pid)])
  const children = all.filter(({ parent }) => parent === supervisor)
  const part = (pattern: RegExp): Process[] => children.filter(({ command }) => pattern.test(command))
  const sparkEndpoint = part(/part-program\.ts spark$/)
  return {
    poller: part(/part-program\.ts poller$/),
    postgres: part(/bin\/postgres -D/),
    valkey: part(/valkey-server/),
    sparkEndpoint,
    sparkJobs: sparkEndpoint
      .flatMap(({ pid }) => below(pid))
      .filter(({ command }) => /java .*SparkSubmit/.test(command)),
    functions: below(supervisor).filter(({ command }) => functionOf(command) !== undefined),
  }
}

/** The deployed function that a worker process runs: `archive`, `speed-table`, …; undefined where it is none. */
export const functionOf = (command: string): string | undefined =>
  /ministack-lambda-tidemark-local-(.+)-[^-/]+\/_worker\.js/.exec(command)?.[1]

const listProcesses = (): Process[] =>
  execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, command]) => ({ pid: Number(pid), parent: Number(parent), command: command?.trim() ?? '' }))
