import { setTimeout as sleep } from 'node:timers/promises'
import type { StageUnderTest } from '../end-to-end/stage-under-test.ts'

export interface Recomputed {
  readonly datasetId: string
  /** The attempts that failed, by their last line: Spark was killed under them, or a step's function three times. */
  readonly failures: readonly string[]
  /** It was held back for its drift, and then promoted all the same. */
  readonly wasHeld: boolean
}

const mostAttempts = 8
/** Five minutes: longer than a laptop's run may be silent. */
const mostWaits = 30

/** Recomputes as a person would: again where it failed, and promoting by hand what drift held back. */
export const recompute = async (stage: StageUnderTest, ...options: string[]): Promise<Recomputed> => {
  const failures: string[] = []
  let waits = 0
  while (failures.length < mostAttempts) {
    const { exitCode, stdout, stderr } = await stage.run(['recompute', ...options, '--json'])
    if (exitCode !== 0 && exitCode !== 3) {
      // One that died without a word counts as lost after a while, which is no failure of this one.
      if (stderr.includes('[recompute_under_way]') && ++waits <= mostWaits) await sleep(10_000)
      else failures.push(lastLineOf(stderr))
      continue
    }
    const { datasetId } = JSON.parse(stdout) as { datasetId: string }
    if (exitCode === 3) await insist(stage, 'promote', datasetId, '--accept-drift')
    return { datasetId, failures, wasHeld: exitCode === 3 }
  }
  throw new Error(`The recompute failed ${mostAttempts} times:\n${failures.join('\n')}`)
}

/** Runs a command until it succeeds: what it asks may have been killed just now. @throws after a few attempts */
export const insist = async (stage: StageUnderTest, ...args: string[]): Promise<string> => {
  for (let attempt = 1; ; attempt += 1) {
    const { exitCode, stdout, stderr } = await stage.run(args)
    if (exitCode === 0) return stdout
    if (attempt === mostAttempts) throw new Error(`tidemark ${args.join(' ')} failed ${attempt} times: ${stderr}`)
  }
}

const lastLineOf = (text: string): string => text.trim().split('\n').slice(-2).join(' ').slice(0, 300)
