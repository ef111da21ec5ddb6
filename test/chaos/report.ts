import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import type { ChaosResult } from './story.ts'

const begin = '<!-- chaos:begin -->'
const end = '<!-- chaos:end -->'

/** A page with a part for the reports of runs. */
export interface ReportedPage {
  readonly before: string
  readonly reports: readonly string[]
  readonly after: string
}

/** @throws where the page can't be read, or lacks the two markers that reports stand between */
export const readPage = (path: string): ReportedPage => {
  const page = readFileSync(path, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} lacks the markers ${begin} and ${end}.`)
  const reports = page.slice(from + begin.length, to).split(/^(?=### )/m)
  return {
    before: page.slice(0, from + begin.length),
    reports: reports.map((report) => report.trim()).filter((report) => report !== ''),
    after: page.slice(to),
  }
}

/** Puts a run's report in the place of the same seed's, or beside the others, in the order of the seeds. */
export const writeReport = (path: string, result: ChaosResult): void => {
  const { before, reports, after } = readPage(path)
  const own = reportOf(result)
  const others = reports.filter((report) => seedOf(report) !== result.options.seed)
  const all = [...others, own].sort((a, b) => seedOf(a) - seedOf(b))
  writeFileSync(path, `${before}\n\n${all.map((report) => report.trim()).join('\n\n')}\n\n${after}`)
}

const seedOf = (report: string): number => Number(/^### Seed (\d+)/.exec(report)?.[1] ?? Number.NaN)

/** The code that runs: its last commit, with a mark where files differ from it. */
const codeNow = (): string =>
  execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=7', '--exclude=*'], { encoding: 'utf8' }).trim()

/** The run as Markdown: what was done to it, and the figures. */
export const reportOf = ({ options, happened, figures, sent, archived, differences }: ChaosResult): string =>
  [
    `### Seed ${options.seed}`,
    '',
    `${sent.seconds.toFixed(0)} s of events at ${(sent.accepted / sent.seconds).toFixed(0)} a second (asked for: ${options.rate}), code ${codeNow()}. ${differences.length === 0 ? 'Every figure is equal.' : `**${differences.length} differences.**`}`,
    '',
    table(
      ['at, s', 'what', 'healthy again after, s'],
      happened.map(({ atS, what, healthyAfterS }) => [atS.toFixed(1), what, healthyAfterS?.toFixed(1) ?? '']),
    ),
    '',
    table(
      ['records', 'number'],
      [
        ['accepted, by the stream’s answers', sent.accepted],
        ['accepted, though the answer never came', archived.unknownIn],
        ['archived: distinct (shard, sequence number)', archived.records.length],
        ['sent again: the answer never came', sent.unknown],
        ['sent again: refused by the stream', sent.refused],
        ['sent twice on purpose', sent.twins],
        ['archived a second time (redelivered), dropped by the recompute', archived.repeated],
        ['raw objects', archived.objects],
      ],
    ),
    '',
    table(
      [
        'check',
        'metric',
        'cells',
        'served, summed',
        'counted, summed',
        'cells with producers’ duplicates',
        'cells differing',
      ],
      figures.map(({ check, metric, cells, served, counted, withDuplicates, differences: wrong }) => [
        ...[check, metric, cells, served, counted, withDuplicates, wrong.length],
      ]),
    ),
    '',
  ].join('\n')

const table = (columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
