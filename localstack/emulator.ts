import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { endOf, follow, spawnLeashed, stopLeashed, untilReady } from './leash.ts'
import { assertFree } from './port-check.ts'
import type { Log, Running } from './running.ts'
import { packageDir, venvPython } from './venv.ts'

export interface EmulatorOptions {
  readonly port: number
  /** Services' state is written here at a clean stop, objects at once. */
  readonly stateDir: string
  readonly log: Log
  /** Given to the emulator, and by it to each function, whose own variables win. */
  readonly environment?: Readonly<Record<string, string>>
  readonly spawnChild?: typeof spawnLeashed
}

/** The stage was not stopped but cut off: the emulator's streams, functions and stacks are those of an earlier time. */
export class EmulatorWentBack extends Error {
  override readonly name = 'EmulatorWentBack'
}

/**
 * Runs the AWS emulator on 127.0.0.1 and waits until it answers. Functions run as `node` of this process.
 * @throws EmulatorWentBack where it was killed before it could save its state.
 */
export const startEmulator = async (options: EmulatorOptions): Promise<Running & { pid: number }> => {
  const { port, stateDir, log, spawnChild = spawnLeashed } = options
  const servicesDir = join(stateDir, 'services')
  const temporaryDir = join(stateDir, 'tmp')
  await assertFree('the AWS emulator', port)
  refuseLostState(stateDir, servicesDir)
  rmSync(temporaryDir, { recursive: true, force: true })
  for (const dir of [servicesDir, temporaryDir, join(stateDir, 'objects')]) mkdirSync(dir, { recursive: true })
  // Functions and the emulator's own worker are CommonJS, whatever a package.json further up says of its modules.
  writeFileSync(join(stateDir, 'package.json'), '{ "type": "commonjs" }\n')
  const child = spawnChild(venvPython(), [join(packageDir, 'localstack', 'emulator')], {
    cwd: stateDir,
    env: environmentFor(options, servicesDir, temporaryDir),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = follow(child, log)
  const ended = endOf(child)
  await untilReady(`The AWS emulator on port ${port}`, child, output, () => answers(port))
  writeFileSync(startedFile(stateDir), new Date().toISOString())
  const stop = async () => {
    await stopLeashed(child, savesWithinMs)
    if (child.exitCode === 0) rmSync(startedFile(stateDir), { force: true })
    rmSync(temporaryDir, { recursive: true, force: true })
  }
  return { pid: child.pid as number, ended, stop }
}

/** Saving a stream of some million records takes a while. */
const savesWithinMs = 30_000

const environmentFor = (options: EmulatorOptions, servicesDir: string, temporaryDir: string) => {
  const { MINISTACK_HOST: _host, AWS_PROFILE: _profile, AWS_SESSION_TOKEN: _token, ...inherited } = process.env
  return {
    ...inherited,
    GATEWAY_PORT: String(options.port),
    BIND_HOST: '127.0.0.1',
    LAMBDA_EXECUTOR: 'local',
    PERSIST_STATE: '1',
    STATE_DIR: servicesDir,
    S3_PERSIST: '1',
    S3_DATA_DIR: join(options.stateDir, 'objects'),
    TMPDIR: temporaryDir,
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    PYTHONUNBUFFERED: '1',
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    // The CDK's own custom resources expect the SDK that Lambda's runtime brings.
    NODE_PATH: join(packageDir, 'node_modules'),
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${options.port}`,
    ...options.environment,
  }
}

const answers = async (port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/_ministack/ready`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    // swallowed: it is asked until it answers or ends, and its log says why it does not
    return false
  }
}

const startedFile = (stateDir: string) => join(stateDir, 'started')

/** The emulator saves all services at a clean stop, so its last start must be older than its last save. */
const refuseLostState = (stateDir: string, servicesDir: string): void => {
  if (!existsSync(startedFile(stateDir))) return
  const startedAt = statSync(startedFile(stateDir)).mtimeMs
  const savedAt = readdirSync(servicesDir).map((name) => statSync(join(servicesDir, name)).mtimeMs)
  if (savedAt.some((time) => time >= startedAt)) return
  const wasUsed = savedAt.length > 0 || readdirSync(join(stateDir, 'objects')).length > 0
  if (!wasUsed) return
  throw new EmulatorWentBack(
    'The AWS emulator was cut off before it could save its state, so its stream and stacks are gone or of an earlier time, while the warehouse and the cache are not. What they hold no longer fits together. Start anew: `tidemark local reset`, then `tidemark local up`.',
  )
}
