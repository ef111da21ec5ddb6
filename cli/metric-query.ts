import type { MetricPage, MetricRow } from './answers.ts'
import { type Api, ApiProblem } from './api.ts'
import { iso } from './time.ts'

export interface MetricQuestion {
  readonly metric: string
  /** Half-open: epoch ms, or as the API takes it. */
  readonly interval: { readonly from: number | string; readonly to: number | string }
  readonly per?: string
  readonly by?: readonly string[]
  /** `dimension=value`, ANDed. */
  readonly where?: readonly string[]
  readonly layer?: string
  /** As it was typed: the API says what it must be. */
  readonly top?: string
  /** Of a metric over sessions: as of when. */
  readonly asOf?: string
  /** Rows a page. */
  readonly limit?: number
}

const restarts = 3

/**
 * All rows of an answer, page by page, of one snapshot. Where the snapshot was pruned away in between, the answer is
 * asked for again from its first page. @throws ApiProblem
 */
export const queryMetric = async (api: Api, question: MetricQuestion): Promise<MetricPage> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await allPages(api, question)
    } catch (error) {
      const gone = error instanceof ApiProblem && error.problem.code === 'snapshot_gone'
      if (!gone || attempt === restarts) throw error
    }
  }
}

const boundText = (bound: number | string): string => (typeof bound === 'number' ? iso(bound) : bound)

const allPages = async (api: Api, question: MetricQuestion): Promise<MetricPage> => {
  const rows: MetricRow[] = []
  let cursor: string | undefined
  for (;;) {
    const page = await api.get<MetricPage>(`/v1/metrics/${encodeURIComponent(question.metric)}`, {
      from: boundText(question.interval.from),
      to: boundText(question.interval.to),
      per: question.per,
      by: question.by?.join(','),
      where: question.where,
      layer: question.layer,
      top: question.top,
      asOf: question.asOf,
      limit: question.limit?.toString(),
      cursor,
    })
    rows.push(...page.rows)
    if (page.next === null) return { ...page, rows }
    cursor = page.next
  }
}
