import { existsSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { order } from './control.ts'
import { bootstrapOnce, type DeployOptions, deployStacks } from './deploy.ts'
import { checkIncarnation, markIncarnation } from './incarnation.ts'
import { keepDefinitions } from './last-definitions.ts'
import { deployedOutputs, deployedPlaces, markedStores } from './marked-stores.ts'
import { lastLines, loggedParts, openLog } from './part-logs.ts'
import { assertFree } from './port-check.ts'
import type { Ports } from './ports.ts'
import { runningStage, type StageFile } from './stage-file.ts'
import { startSupervisor, stopSupervisor } from './supervision.ts'
import { type StageUrls, urlsOf } from './urls.ts'

export type { StageUrls } from './urls.ts'

export interface UpOptions {
  readonly definitionsDir: string
  /** The folder of all the stage's state: `.tidemark`. */
  readonly home: string
  readonly ports: Ports
  /** Gets each step as it begins, and what is known of it. */
  readonly report: (step: string, detail?: string) => void
}

/**
 * Brings the laptop stage up with these definitions, or, where it is up, brings the definitions to it. Resolves once
 * everything is healthy, deployed and fed from the stream. Where it fails, a stage that was down is down again.
 * @throws where a port is taken, a part doesn't start, the definitions don't build or deploy, or the stores don't belong together.
 */
export const up = async (options: UpOptions): Promise<StageUrls> => {
  const { home, ports } = options
  const running = runningStage(home)
  if (running !== undefined && running.ports.emulator !== ports.emulator)
    throw new Error(
      `The stage in ${home} is up on port ${running.ports.emulator}, not ${ports.emulator}. Stop it first: \`tidemark local down\`.`,
    )
  try {
    return await bringUp(options, running)
  } catch (error) {
    if (running === undefined)
      await down(home).catch((notStopped: unknown) => {
        throw new AggregateError([error, notStopped])
      })
    throw error
  }
}

const bringUp = async (options: UpOptions, running: StageFile | undefined): Promise<StageUrls> => {
  const { definitionsDir, home, ports, report } = options
  const deployment: DeployOptions = {
    ports,
    assetsDir: join(home, 'dist'),
    assemblyDir: join(home, 'cdk.out'),
    log: openLog(home, 'deploy'),
  }
  const started = running === undefined ? supervised(options) : Promise.resolve(running)
  const [stage] = await bothOrFail(started, built(definitionsDir, deployment.assetsDir, report))
  report('check', 'that all stores belong together')
  await checkIncarnation(home, markedStores(ports, await deployedPlaces(ports)))
  if (await bootstrapOnce(deployment)) report('bootstrap', 'the emulator’s account was prepared for the CDK')
  report('deploy', 'both stacks, by the CDK')
  await deployStacks(deployment)
  keepDefinitions(home, definitionsDir)
  const outputs = await deployedOutputs(ports)
  if (outputs === undefined)
    throw new Error('The CDK deployed, and yet the emulator holds no stage. See `tidemark local logs deploy`.')
  await markIncarnation(home, markedStores(ports, outputs))
  report('feed', 'the functions from the stream')
  await order(stage, 'start-poller')
  return { ...urlsOf(ports), api: outputs.apiUrl }
}

/** Waits for both, so that neither goes on unseen when the other fails. @throws an AggregateError where both fail */
const bothOrFail = async <A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> => {
  const [one, other] = await Promise.allSettled([first, second])
  if (one.status === 'fulfilled' && other.status === 'fulfilled') return [one.value, other.value]
  const reasons = [one, other].flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
  throw reasons.length === 1 ? reasons[0] : new AggregateError(reasons)
}

const supervised = async ({ home, ports, report }: UpOptions): Promise<StageFile> => {
  for (const [part, port] of Object.entries(ports)) await assertFree(`the laptop stage (${part})`, port)
  report('start', 'PostgreSQL, Valkey, the AWS emulator, the warehouse and Spark endpoints')
  return startSupervisor(home, ports)
}

const built = async (definitionsDir: string, outDir: string, report: UpOptions['report']): Promise<void> => {
  report('build', definitionsDir)
  const { build } = await import('../scripts/build.ts')
  await build({ definitionsDir, outDir })
}

/** Stops the stage; its state stays. False where none ran. */
export const down = async (home: string): Promise<boolean> => {
  const stage = runningStage(home)
  if (stage === undefined) return false
  await stopSupervisor(home, stage)
  return true
}

/** What the stage writes into its home. Anything else there is not its own, and stays. */
const written = [
  'incarnation',
  'postgres',
  'valkey',
  'emulator',
  'spark',
  'poller',
  'logs',
  'dist',
  'cdk.out',
  'definitions',
  'stage.json',
]

/**
 * Deletes all the state of a stage that is not running: every event, every result. Can't be undone.
 * @throws where it runs.
 */
export const reset = async (home: string): Promise<void> => {
  if (runningStage(home) !== undefined)
    throw new Error(`The stage in ${home} is up; nothing was deleted. Stop it first: \`tidemark local down\`.`)
  removeMovedWarehouse(home)
  for (const name of written) rmSync(join(home, name), { recursive: true, force: true })
}

/** PostgreSQL's data may lie elsewhere: see `placeData`. */
const removeMovedWarehouse = (home: string): void => {
  const pointer = join(home, 'postgres', 'moved-to')
  if (existsSync(pointer)) rmSync(readFileSync(pointer, 'utf8'), { recursive: true, force: true })
}

/** The last lines of each part's log, or of one part's. @throws where that part has none. */
export const logs = (home: string, part?: string, count = 200): { part: string; lines: string[] }[] => {
  const parts = loggedParts(home)
  if (part !== undefined && !parts.includes(part))
    throw new Error(`There is no log of "${part}" in ${home}. Logs: ${parts.join(', ') || 'none yet'}.`)
  return (part === undefined ? parts : [part]).map((name) => ({ part: name, lines: lastLines(home, name, count) }))
}

export interface StageState {
  readonly running: boolean
  readonly pid?: number
  readonly startedAt?: string
  readonly urls?: StageUrls
  /** Whether each part's port answers. */
  readonly parts: { readonly part: string; readonly port: number; readonly answers: boolean }[]
}

/** Whether the stage in this home runs, and which of its parts answer. */
export const state = async (home: string): Promise<StageState> => {
  const stage = runningStage(home)
  if (stage === undefined) return { running: false, parts: [] }
  const { pid, startedAt, urls, ports } = stage
  const parts = Object.entries(ports).map(async ([part, port]) => ({ part, port, answers: await answersAt(port) }))
  return { running: true, pid, startedAt, urls, parts: await Promise.all(parts) }
}

const answersAt = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 2_000 })
    const end = (answers: boolean) => {
      socket.destroy()
      resolve(answers)
    }
    // swallowed: that nothing answers is the answer
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false))
  })
