/**
 * The game at its full size: `npx tsx bench/game-scale.ts [--sessions 20000000] [--baseline 1000000]`.
 *
 * So many sessions, two days of them, stand as the raw archive that the archive function's own code writes, and go
 * through the recompute on this machine's Spark and through the built speed-table function; each side's answers are
 * held to a count that was made while the sessions were. The same is done before with the baseline's sessions, and
 * no process of either side may have had more than 50 MB more resident for all the others: the function's, Spark's
 * Python and Node workers'. Prints the figures; exits 1 where one differs or memory grew.
 *
 * `--only spark` or `--only speed` runs one side. `--dir DIR` keeps the archives there, and takes those that it finds.
 * `--speed-sessions` gives the speed side fewer. Timings are told as ratios: another machine's are others.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { tableText } from '../cli/output.ts'
import { build } from '../scripts/build.ts'
import { countDifferences, deviation, estimateDifferences, exactDifferences } from './game-scale/compare.ts'
import { type PlayedArchive, playedArchive } from './game-scale/raw-archive.ts'
import { runSpark } from './game-scale/spark-run.ts'
import { runSpeed } from './game-scale/speed-run.ts'
import type { ResidentPeaks } from './resident.ts'

const projectDir = join(import.meta.dirname, '..')
const definitionsDir = join(projectDir, 'examples/game/definitions')
const seed = 1
const mayGrowMb = 50
/** Its heap is bounded by a setting, and takes what it may. */
const unbounded = 'JVM'

/** What one side did with one archive. */
interface Outcome {
  readonly sessions: number
  readonly records: number
  readonly seconds: number
  readonly peaks: ResidentPeaks
  /** What it counted. */
  readonly facts: Readonly<Record<string, number | string>>
  /** One sentence for each figure that is not what was played. */
  readonly differences: readonly string[]
}

type Side = (archive: PlayedArchive) => Promise<Outcome>

const report = (line: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)
}

const sparkSide =
  (distDir: string): Side =>
  async (archive) => {
    const { tally } = archive
    const { seconds, peaks, counts, answered } = await runSpark(archive, distDir, projectDir)
    const { read, duplicates, rejected } = counts
    const wanted = { read: tally.records, duplicates: tally.repeated, rejected: 0 }
    const isCounted = read === wanted.read && duplicates === wanted.duplicates && rejected === wanted.rejected
    return {
      ...{ sessions: tally.sessions, records: tally.records, seconds, peaks },
      facts: { duplicates, rejected, players: Object.keys(tally.players).length },
      differences: [
        ...(isCounted ? [] : [`the manifest counts ${JSON.stringify(counts)}, not ${JSON.stringify(wanted)}`]),
        ...exactDifferences(answered, tally),
      ],
    }
  }

const speedSide: Side = async (archive) => {
  const { tally } = archive
  const { seconds, peaks, handled, answered, playersOfBothDays } = await runSpeed(archive, {
    ...{ projectDir, definitionsDir, report },
  })
  const near = deviation(answered.players, tally.players)
  const both = estimateDifferences('players of both days', playersOfBothDays, tally.playersOfBothDays)
  const { records, duplicates, unchecked } = handled
  const isCounted = records === tally.records && duplicates === tally.repeated && unchecked === 0
  return {
    ...{ sessions: tally.sessions, records: tally.records, seconds, peaks },
    facts: {
      ...{ duplicates, 'micro-batches': handled.microBatches, rows: handled.rows },
      'largest error': `${near.largest.toFixed(2)} of ${near.figures}`,
      'root mean square': near.rootMeanSquare.toFixed(2),
    },
    differences: [
      ...(isCounted
        ? []
        : [`the function logged ${JSON.stringify(handled)} of ${tally.records} records, ${tally.repeated} repeated`]),
      ...near.differences,
      ...both,
      ...countDifferences(answered, tally),
    ],
  }
}

/** Runs a side with the baseline's sessions, then with all; prints both, and answers what is wrong. */
const compared = async (name: string, side: Side, archives: () => AsyncGenerator<PlayedArchive>): Promise<string[]> => {
  const outcomes: Outcome[] = []
  for await (const archive of archives()) {
    report(`${name}: ${archive.tally.sessions} sessions, ${archive.tally.records} records`)
    const outcome = await side(archive)
    // A long run that is cut off has told this much.
    report(`${name}: ${JSON.stringify({ ...outcome, differences: outcome.differences.length })}`)
    outcomes.push(outcome)
  }
  const [base, full] = outcomes
  if (base === undefined || full === undefined) throw new Error(`${name} ran once instead of twice.`)
  process.stdout.write(`\n${name}\n${tableText({ columns: ['figure', 'baseline', 'all'], rows: rowsOf(base, full) })}`)
  const grown = Object.entries(full.peaks).flatMap(([kind, peak]) => {
    const growth = megabytes(peak - (base.peaks[kind] ?? 0))
    return kind === unbounded || growth <= mayGrowMb ? [] : [`${kind}: ${growth} MB more resident than at the baseline`]
  })
  return [...base.differences, ...full.differences, ...grown].map((one) => `${name}: ${one}`)
}

const rowsOf = (base: Outcome, full: Outcome): (string | number)[][] => {
  const rate = (outcome: Outcome): number => outcome.records / outcome.seconds
  return [
    ['sessions', base.sessions, full.sessions],
    ['records', base.records, full.records],
    ['figures that differ', base.differences.length, full.differences.length],
    ...Object.entries(full.facts).map(([fact, value]) => [fact, base.facts[fact] ?? '', value]),
    ['seconds', Math.round(base.seconds), Math.round(full.seconds)],
    ['records a second, to the baseline’s', 1, (rate(full) / rate(base)).toFixed(2)],
    ...Object.entries(full.peaks).map(([kind, peak]) => [
      `peak resident MB, ${kind}`,
      megabytes(base.peaks[kind] ?? 0),
      megabytes(peak),
    ]),
  ]
}

const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20)

const sidesOf = async (only: string | undefined, dir: string): Promise<Readonly<Record<string, Side>>> => {
  const distDir = join(dir, 'dist')
  if (only !== 'speed') await build({ definitionsDir, outDir: distDir, report })
  const all = { spark: sparkSide(distDir), speed: speedSide }
  return Object.fromEntries(Object.entries(all).filter(([name]) => only === undefined || only === name))
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      sessions: { type: 'string', default: '20000000' },
      'speed-sessions': { type: 'string' },
      baseline: { type: 'string', default: '1000000' },
      only: { type: 'string' },
      dir: { type: 'string' },
    },
  })
  const dir = resolve(values.dir ?? mkdtempSync(join(tmpdir(), 'tidemark-game-scale-')))
  try {
    const wrong: string[] = []
    for (const [name, side] of Object.entries(await sidesOf(values.only, dir))) {
      const full = (name === 'speed' ? values['speed-sessions'] : undefined) ?? values.sessions
      const archives = async function* (): AsyncGenerator<PlayedArchive> {
        for (const sessions of [values.baseline, full].map(Number)) {
          const own = join(dir, String(sessions))
          mkdirSync(own, { recursive: true })
          yield await playedArchive(own, sessions, seed)
        }
      }
      wrong.push(...(await compared(name, side, archives)))
    }
    for (const one of wrong.slice(0, 20)) process.stdout.write(`${one}\n`)
    process.stdout.write(
      wrong.length === 0 ? 'all figures are equal, and memory did not grow\n' : `${wrong.length} are wrong\n`,
    )
    process.exitCode = wrong.length === 0 ? 0 : 1
  } finally {
    if (values.dir === undefined) rmSync(dir, { recursive: true, force: true })
  }
}

await main()
