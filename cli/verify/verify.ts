import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type MetricData, type ModelData, measuredBy } from '../../core/model.ts'
import type { Archive } from '../../stores/archive/archive.ts'
import type { MetricPage } from '../answers.ts'
import type { Api } from '../api.ts'
import { queryMetric } from '../metric-query.ts'
import type { Progress } from '../progress.ts'
import type { Interval } from '../time.ts'
import { isOfZone, perLocalDay } from './buckets.ts'
import { type Comparison, compare } from './compare.ts'
import { type Excluding, revisionsOf } from './exclusions.ts'
import { type RawFiles, rawFiles } from './raw-files.ts'
import { openRecount, type Recount } from './recount.ts'
import type { RepeatRule } from './repeats.ts'
import { waitForArchive } from './wait.ts'

export interface VerifyParts {
  readonly api: Api
  readonly archive: Archive
  readonly model: ModelData
  readonly metrics: readonly MetricData[]
  readonly repeatRule: RepeatRule
  /** Written to; the caller removes it. */
  readonly scratchDir: string
  readonly progress: Progress
}

export interface Verified {
  readonly records: number
  readonly comparisons: readonly Comparison[]
  /** The zones whose tables DuckDB's own time zone data contradict, and from when on (epoch ms), within what was compared. */
  readonly doubted?: readonly { readonly zone: string; readonly release: string; readonly from: number }[]
}

/** Asks for each metric whole, and counts the same records again from the raw archive. */
export const verify = async (parts: VerifyParts): Promise<Verified> => {
  const { archive, progress, scratchDir } = parts
  const files = rawFiles(archive, join(scratchDir, 'raw'), (objects) => progress.update(`${objects} raw objects read`))
  await mkdir(files.dir, { recursive: true })
  await files.refresh()
  const first = await open(files, parts, 'first')
  const questions: { metric: MetricData; page: MetricPage; interval: Interval }[] = []
  for (const metric of parts.metrics.flatMap((each) => [each, ...perLocalDay(each)])) {
    const interval = (await first.range(metric)) ?? emptyRange(metric)
    progress.update(`asking for ${metric.name}`)
    questions.push({ metric, interval, page: await ask(parts.api, metric, interval) })
  }
  const fresh = await waitForArchive(
    files,
    questions.map(({ page }) => page.receipt),
    progress,
  )
  const recount = fresh === 0 ? first : await open(files, parts, 'second')
  await exclude(
    recount,
    archive,
    questions.flatMap(({ page }) => revisionsOf(page.receipt.exclusions)),
  )
  const comparisons: Comparison[] = []
  for (const { metric, page, interval } of questions)
    comparisons.push(
      compare(named(metric, parts.model), page.rows, await recount.cells(metric, page.receipt, interval)),
    )
  const doubted = await doubtedZones(recount, parts.model, questions)
  const { records } = recount
  for (const each of new Set([first, recount])) each.close()
  return { records, comparisons, doubted }
}

/** A metric that is compared once more, per day, has that in its name. */
const named = (metric: MetricData, model: ModelData): MetricData =>
  measuredBy(model).includes(metric) ? metric : { ...metric, name: `${metric.name} per ${metric.per}` }

/** A cell of a zone may differ because releases of the tz database do. */
const doubtedZones = async (
  recount: Recount,
  { zones = [] }: ModelData,
  questions: readonly { readonly metric: MetricData; readonly interval: Interval }[],
): Promise<NonNullable<Verified['doubted']>> => {
  const doubted: { zone: string; release: string; from: number }[] = []
  for (const zone of zones) {
    const intervals = questions.filter(({ metric }) => metric.zone === zone.name).map(({ interval }) => interval)
    if (intervals.length === 0) continue
    const from = Math.min(...intervals.map((each) => each.from)) - dayMs
    const first = await recount.doubtedFrom(zone, { from, to: Math.max(...intervals.map(({ to }) => to)) + dayMs })
    if (first !== null) doubted.push({ zone: zone.name, release: zone.release, from: first })
  }
  return doubted
}

const dayMs = 86_400_000

const ask = (api: Api, metric: MetricData, { from, to }: Interval): Promise<MetricPage> => {
  const date = (time: number): string => new Date(time).toISOString().slice(0, 10)
  return queryMetric(api, {
    metric: metric.name,
    interval: isOfZone(metric) ? { from: date(from), to: date(to) } : { from, to },
    per: metric.per,
    by: metric.by.map(({ name }) => name),
  })
}

/** What each revision leaves out, as it stands in the archive. */
const exclude = async (recount: Recount, archive: Archive, revisions: readonly number[]): Promise<void> => {
  for (const revision of new Set(revisions)) {
    const set = (await archive.getJson(`exclusions/${revision}.json`)) as { exclusions: Excluding[] } | null
    if (set === null)
      throw new Error(
        `An answer is by revision ${revision} of the exclusions, and there is no exclusions/${revision}.json.`,
      )
    await recount.exclude(revision, set.exclusions)
  }
}

/** Any whole bucket of the metric: where there is nothing to count, the answer must be empty too. */
const emptyRange = ({ per }: MetricData): Interval =>
  per === 'week'
    ? { from: Date.parse('1970-01-05'), to: Date.parse('1970-01-12') }
    : { from: Date.parse('1970-01-01'), to: Date.parse('1971-01-01') }

const open = async (
  files: RawFiles,
  { model, repeatRule, scratchDir, progress }: VerifyParts,
  name: string,
): Promise<Recount> => {
  progress.update('reading the raw archive into DuckDB')
  const dir = join(scratchDir, name)
  await mkdir(dir)
  return openRecount(files.dir, dir, model, repeatRule)
}
