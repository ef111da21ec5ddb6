import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { MetricData, ModelData } from '../../core/model.ts'
import type { Archive } from '../../stores/archive/archive.ts'
import type { MetricPage } from '../answers.ts'
import type { Api } from '../api.ts'
import { queryMetric } from '../metric-query.ts'
import type { Progress } from '../progress.ts'
import type { Interval } from '../time.ts'
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
}

/** Asks for each metric whole, and counts the same records again from the raw archive. */
export const verify = async (parts: VerifyParts): Promise<Verified> => {
  const { archive, progress, scratchDir } = parts
  const files = rawFiles(archive, join(scratchDir, 'raw'), (objects) => progress.update(`${objects} raw objects read`))
  await mkdir(files.dir, { recursive: true })
  await files.refresh()
  const first = await open(files, parts, 'first')
  const questions: { metric: MetricData; page: MetricPage; interval: Interval }[] = []
  for (const metric of parts.metrics) {
    const interval = (await first.range(metric)) ?? emptyRange(metric)
    progress.update(`asking for ${metric.name}`)
    const by = metric.by.map(({ name }) => name)
    questions.push({ metric, interval, page: await queryMetric(parts.api, { metric: metric.name, interval, by }) })
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
    comparisons.push(compare(metric, page.rows, await recount.cells(metric, page.receipt, interval)))
  const { records } = recount
  for (const each of new Set([first, recount])) each.close()
  return { records, comparisons }
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
