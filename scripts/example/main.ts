/**
 * Runs one of the examples on a laptop stage of its own, and holds its answers to a count that shares nothing with
 * Tidemark: `npm run example -- guest-context`. Exit 0: all are equal; 1: some differ, or it failed; 2: no such example.
 */
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exitCodes, exitOf, usageError } from '../../cli/exit.ts'
import { tableText } from '../../cli/output.ts'
import { progressOn } from '../../cli/progress.ts'
import { anyFreePort } from '../../localstack/port-check.ts'
import { portsNeeded } from '../../localstack/ports.ts'
import { type Check, type ExampleStage, exampleStage } from './stage.ts'

// The SDK's advice on Node versions is for who builds Tidemark, not for who runs it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

const projectDir = join(import.meta.dirname, '..', '..')
const examplesDir = join(projectDir, 'examples')

const main = async (): Promise<number> => {
  const name = nameOf(process.argv[2])
  const { run } = (await import(join(examplesDir, name, 'example.ts'))) as {
    run: (stage: ExampleStage) => Promise<readonly Check[]>
  }
  const progress = progressOn(process.stderr)
  await mkdir(join(projectDir, '.tidemark'), { recursive: true })
  const home = await mkdtemp(join(projectDir, '.tidemark', `example-${name}-`))
  process.env.TIDEMARK_OWNER_PID = String(process.pid)
  process.env.TIDEMARK_HOME = home
  process.env.TIDEMARK_PORT ??= String(await anyFreePort(portsNeeded))
  let stage: ExampleStage | undefined
  try {
    progress.say('bringing a laptop stage up')
    stage = await exampleStage(join(examplesDir, name, 'definitions'), home, progress)
    progress.say('running the example')
    const checks = await run(stage)
    process.stdout.write(
      tableText({
        columns: ['what', 'equal'],
        rows: checks.map(({ what, found, wanted }) => [what, found === wanted]),
      }),
    )
    const differing = checks.filter(({ found, wanted }) => found !== wanted)
    for (const { what, found, wanted } of differing)
      process.stdout.write(`\n${what}\n  found:  ${found.slice(0, 2000)}\n  wanted: ${wanted.slice(0, 2000)}\n`)
    return differing.length === 0 ? exitCodes.done : exitCodes.failed
  } finally {
    progress.say('stopping the stage')
    await stage?.end()
    await rm(home, { recursive: true, force: true })
  }
}

/** @throws a usage error where there is no such example */
const nameOf = (name: string | undefined): string => {
  const names = readdirSync(examplesDir)
    .sort()
    .filter((one) => existsSync(join(examplesDir, one, 'example.ts')))
  if (name !== undefined && names.includes(name)) return name
  throw usageError(
    `${name === undefined ? 'Which example?' : `There is no example ${name}.`} There are ${names.join(', ')}: npm run example -- ${names[0]}`,
  )
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    const { exitCode, message } = exitOf(error)
    process.stderr.write(`${message}\n`)
    process.exitCode = exitCode
  },
)
