import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StatusAnswer } from '../../cli/answers.ts'
import type { Connection } from '../../cli/connection.ts'
import { homeOf, portsOf } from '../../cli/environment.ts'
import { CommandError } from '../../cli/exit.ts'
import type { Progress } from '../../cli/progress.ts'
import { down, reset, type StageUrls, state, up } from '../../localstack/stage.ts'

export interface DemoStage {
  readonly home: string
  readonly urls: StageUrls
  /** Stops the stage, and with `clean` deletes what the demo put into it. */
  end(clean: boolean): Promise<void>
}

/** Brings up a stage of the demo's own data. @throws a CommandError where there is one with other data */
export const demoStage = async (projectDir: string, progress: Progress): Promise<DemoStage> => {
  const home = homeOf(process.env, projectDir)
  await refuseOtherData(home)
  const end = async (clean: boolean): Promise<void> => {
    await down(home)
    if (clean) await reset(home)
  }
  const urls = await up({
    definitionsDir: join(projectDir, 'definitions'),
    home,
    ports: portsOf(process.env, home),
    report: (step, detail) => progress.say(`  ${step}${detail === undefined ? '' : `: ${detail}`}`),
  })
  return { home, urls, end }
}

const refuseOtherData = async (home: string): Promise<void> => {
  const another = 'or give the demo a place of its own: TIDEMARK_HOME=.tidemark-demo TIDEMARK_PORT=5566 npm run demo'
  if ((await state(home)).running)
    throw new CommandError(
      `A stage is up in ${home}. Stop and empty it (npx tidemark local down; npx tidemark local reset), ${another}`,
    )
  if (existsSync(join(home, 'incarnation')))
    throw new CommandError(`${home} holds another stage's events. Empty it (npx tidemark local reset), ${another}`)
}

/** How long nothing may move. */
const patienceMs = 180_000

/**
 * Waits until speed table and window have committed everything up to these sequence numbers, however long it takes.
 * @throws a CommandError where they stand still
 */
export const waitUntilCommitted = async (
  connection: Connection,
  lastSequenceNumbers: Readonly<Record<string, string>>,
  progress: Progress,
): Promise<void> => {
  let [seen, movedAt] = ['', performance.now()]
  for (;;) {
    const { shards } = await connection.api.get<StatusAnswer>('/v1/status')
    const now = JSON.stringify(shards.map(({ speedTable, window }) => [speedTable, window]))
    if (now !== seen) [seen, movedAt] = [now, performance.now()]
    const behind = Object.entries(lastSequenceNumbers).filter(([shardId, last]) => {
      const shard = shards.find((each) => each.shardId === shardId)
      return (shard?.speedTable ?? '') < last || (shard?.window ?? '') < last
    })
    if (behind.length === 0) return
    if (performance.now() > movedAt + patienceMs)
      throw new CommandError(
        `The speed side is behind in ${behind.map(([shardId]) => shardId).join(', ')}, and has not moved for ${patienceMs / 1000} s.`,
      )
    progress.update(`waiting for the speed side in ${behind.length} shards`)
    await sleep(500)
  }
}
