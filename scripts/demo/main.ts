import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connect } from '../../cli/connection.ts'
import { exitCodes, exitOf } from '../../cli/exit.ts'
import { tableText } from '../../cli/output.ts'
import { duration, progressOn } from '../../cli/progress.ts'
import { flightsCsv } from '../../cli/samples/download.ts'
import { flightCount } from '../../cli/samples/flights.ts'
import { rawFiles } from '../../cli/verify/raw-files.ts'
import type { CheckRow } from './checks.ts'
import { FlightsOracle } from './oracle.ts'
import { type DemoStage, demoStage } from './stage.ts'
import { type StoryLine, type StoryParts, tell } from './story.ts'

// The SDK's advice on Node versions is for who builds Tidemark, not for who runs it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

const projectDir = join(import.meta.dirname, '..', '..')

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { keep: { type: 'boolean', default: false }, flights: { type: 'string', default: String(flightCount) } },
  })
  if (!values.keep) process.env.TIDEMARK_OWNER_PID = String(process.pid)
  const progress = progressOn(process.stderr)
  const startedAt = performance.now()
  const scratchDir = await mkdtemp(join(tmpdir(), 'tidemark-demo-'))
  let stage: DemoStage | undefined
  let finished = false
  const end = once(async () => {
    progress.say(values.keep && finished ? 'the stage stays up (--keep)' : 'stopping the stage')
    if (!values.keep || !finished) await stage?.end(finished)
    await rm(scratchDir, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      end().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143))
    })
  try {
    const csvPath = await flightsCsv(projectDir, (line) => progress.say(line))
    progress.say('bringing the laptop stage up')
    stage = await demoStage(projectDir, progress)
    const lines: StoryLine[] = [{ what: 'stage up and deployed', elapsedMs: performance.now() - startedAt }]
    const rows = await run({ csvPath, scratchDir, progress, lines, flightsTold: Number(values.flights) })
    finished = true
    summarize(rows, lines, performance.now() - startedAt)
    if (values.keep) process.stdout.write(tableText({ columns: ['part', 'url'], rows: Object.entries(stage.urls) }))
    if (rows.some((row) => !row.equal)) process.exitCode = exitCodes.failed
  } finally {
    await end()
  }
}

interface RunParts extends Pick<StoryParts, 'csvPath' | 'progress' | 'lines' | 'flightsTold'> {
  readonly scratchDir: string
}

const run = async ({ scratchDir, ...parts }: RunParts): Promise<CheckRow[]> => {
  const connection = await connect('local', process.env, projectDir)
  const oracle = await FlightsOracle.open(parts.csvPath)
  const files = rawFiles(await connection.archive(), join(scratchDir, 'raw'), (objects) =>
    parts.progress.update(`${objects} raw objects read`),
  )
  try {
    return await tell({ ...parts, connection, oracle, files, cwd: projectDir })
  } finally {
    oracle.close()
  }
}

const summarize = (rows: readonly CheckRow[], lines: readonly StoryLine[], elapsedMs: number): void => {
  process.stdout.write(
    `\n${tableText({ columns: ['what', 'took'], rows: lines.map((line) => [line.what, duration(line.elapsedMs)]) })}\n`,
  )
  process.stdout.write(
    tableText({
      columns: [
        'step',
        'metric',
        'served',
        'from the CSV',
        'queries',
        'cells',
        'estimated',
        'differing',
        'rms',
        'equal',
        'queries took',
      ],
      rows: rows.map((row) => [
        row.step,
        row.metric,
        row.total,
        row.counted,
        row.queries,
        row.cells,
        row.estimated,
        row.differing,
        row.rootMeanSquare === null ? '' : row.rootMeanSquare.toFixed(2),
        row.equal ? 'yes' : 'NO',
        duration(row.elapsedMs),
      ]),
    }),
  )
  const equal = rows.every((row) => row.equal)
  process.stdout.write(
    `\n${equal ? 'Every answer equals the count from the CSV' : 'SOME ANSWERS DIFFER'}; ${duration(elapsedMs)} in all.\n`,
  )
}

const once = (work: () => Promise<void>): (() => Promise<void>) => {
  let result: Promise<void> | undefined
  return () => {
    result ??= work()
    return result
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`demo: ${exitOf(error).message}\n`)
  process.exitCode = exitCodes.failed
})
