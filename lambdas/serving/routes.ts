import { spanMs } from '../../core/definition/span.ts'
import { keptText } from '../../core/kept.ts'
import type { MetricData, ModelData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { topOf } from '../../core/top.ts'
import type { LimitLedger } from '../../stores/ledger/limit-ledger.ts'
import type { States } from '../../stores/states/states.ts'
import { answerDerived, answerDerivedWindow, findDerived } from './derived.ts'
import { answerEntity, type EntityReach, findEntity, listEntities } from './entities.ts'
import { answerCrossings, listLimits } from './limits.ts'
import { answerMetric, findMetric, listMetrics } from './metrics.ts'
import { answerProfile, findProfile, listProfiles, readProfileQuestion } from './profiles.ts'
import { readQuestion, readTop, refuseUnkept, refuseUnknown } from './question.ts'
import { instantOf } from './range.ts'
import { answerScore, findScore, listScores, type Scorer } from './scores.ts'
import { answerSessionMetric, findSessionMetric } from './session-metrics.ts'
import { answerSessions, type Folder, findSessions, listSessions } from './sessions.ts'
import { type StatusSources, status } from './status.ts'
import { answerWindow } from './windows.ts'

export interface Serving extends StatusSources {
  /** What answers are read from: held to the model's own snapshots. */
  readonly answers: Pick<States, 'read' | 'readBoth' | 'readEntity' | 'readWholes' | 'readKept'>
  /** The definitions that are deployed: their limits are in force. */
  readonly deployed: ModelData
  readonly limits: Pick<LimitLedger, 'crossings'>
  readonly reach: Omit<EntityReach, 'now'>
  readonly now: () => number
  /** The code of the model that is served. */
  readonly code: () => Promise<Scorer & Folder>
}

interface Route {
  readonly path: RegExp
  readonly answer: (serving: Serving, query: URLSearchParams, name: string, ...ref: string[]) => unknown
}

/** A path that takes something: what was posted. */
interface PostRoute {
  readonly path: RegExp
  readonly answer: (serving: Serving, query: URLSearchParams, name: string, posted: string) => unknown
}

const postRoutes: readonly PostRoute[] = [
  {
    path: /^\/v1\/scores\/([^/]+)$/,
    answer: async ({ model, answers, code, now }, query, name, posted) => {
      refuseUnknown(query, new Set())
      const score = findScore(model, name)
      return answerScore(await code(), answers, score, posted, now())
    },
  },
]

const routes: readonly Route[] = [
  { path: /^\/v1\/metrics$/, answer: ({ model }) => listMetrics(model) },
  {
    path: /^\/v1\/metrics\/([^/]+)$/,
    answer: async ({ model, answers, code, now }, query, name) => {
      const overSessions = findSessionMetric(model, name)
      if (overSessions !== null) return answerSessionMetric(await code(), answers, overSessions, query, now())
      const derived = findDerived(model, name)
      return derived === null
        ? answerMetric(model, answers, readQuestion(findMetric(model, name), query, model))
        : answerDerived(model, answers, derived, query)
    },
  },
  { path: /^\/v1\/windows\/([^/]+)$/, answer: (serving, query, name) => windowRoute(serving, name, query) },
  { path: /^\/v1\/entities$/, answer: ({ model }) => listEntities(model) },
  {
    path: /^\/v1\/entities\/([^/]+)\/([^/]+)$/,
    answer: ({ model, answers, reach, now }, query, name, ref = '') => {
      refuseUnknown(query, new Set())
      return answerEntity(model, answers, findEntity(model, name), ref, { ...reach, now: now() })
    },
  },
  { path: /^\/v1\/profiles$/, answer: ({ model }) => listProfiles(model) },
  {
    path: /^\/v1\/profiles\/([^/]+)\/(.*)$/,
    answer: ({ model, answers, now }, query, name, ...key) =>
      answerProfile(model, answers, readProfileQuestion(findProfile(model, name), key, query, now())),
  },
  { path: /^\/v1\/sessions$/, answer: ({ model }) => listSessions(model) },
  {
    path: /^\/v1\/sessions\/([^/]+)\/(.*)$/,
    answer: async ({ model, answers, code, now }, query, name, ...key) => {
      const sessions = findSessions(model, name)
      return answerSessions(await code(), answers, sessions, key, query, now())
    },
  },
  { path: /^\/v1\/scores$/, answer: ({ model }) => listScores(model) },
  { path: /^\/v1\/limits$/, answer: ({ deployed }) => listLimits(deployed) },
  {
    path: /^\/v1\/limits\/([^/]+)$/,
    answer: ({ deployed, limits }, query, name) => answerCrossings(deployed, limits, name, query),
  },
  { path: /^\/v1\/status$/, answer: (serving) => status(serving) },
]

/**
 * @param posted the text that was posted; null: nothing was, it is asked
 * @throws Problem unknown_path, or what the route says
 */
export const route = async (
  serving: Serving,
  path: string,
  query: URLSearchParams,
  posted: string | null = null,
): Promise<unknown> => {
  for (const { path: pattern, answer } of posted === null ? [] : postRoutes) {
    const [, name] = pattern.exec(path) ?? []
    if (name !== undefined && posted !== null) return answer(serving, query, decodedName(path, name), posted)
  }
  for (const { path: pattern, answer } of routes) {
    const match = pattern.exec(path)
    if (match === null) continue
    const parts = match.slice(1).flatMap((part) => part.split('/'))
    const [name = '', ...ref] = parts.map((part) => decodedName(path, part))
    return answer(serving, query, name, ...ref)
  }
  throw new Problem('unknown_path', 404, `There is nothing at ${path}.`, {
    allowed: [
      '/v1/metrics',
      '/v1/metrics/NAME',
      '/v1/windows/NAME',
      '/v1/entities',
      '/v1/entities/NAME/REF',
      '/v1/profiles',
      '/v1/profiles/NAME/KEY',
      '/v1/sessions',
      '/v1/sessions/NAME/KEY',
      '/v1/scores',
      '/v1/scores/NAME (POST)',
      '/v1/limits',
      '/v1/limits/NAME',
      '/v1/status',
    ],
  })
}

const decodedName = (path: string, name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    throw new Problem('unknown_path', 404, `${path} is no path: it holds a % that encodes nothing.`)
  }
}

const windowParameters = new Set(['last', 'asOf', 'by', 'where', 'top'])

const windowRoute = async ({ windows, now, ...models }: Serving, name: string, query: URLSearchParams) => {
  refuseUnknown(query, windowParameters)
  const model = windowModel(models, name)
  if (findSessionMetric(model, name) !== null)
    throw new Problem(
      'no_window',
      400,
      `Metric ${name} is over sessions, which keep no window; ask /v1/metrics/${name}, which is as fresh.`,
    )
  const derived = findDerived(model, name)
  const metric = derived ?? findMetric(model, name)
  const top = readTop(query.get('top'))
  if (top !== null && 'measure' in metric && metric.measure.kind === 'histogram')
    throw new Problem('no_order', 400, `A row of ${name} is a list, of which none is the greatest.`)
  const last = spanMs(query.get('last') ?? '')
  if (last === null)
    throw new Problem('invalid_last', 400, `last is ${query.get('last')}; it must be a span such as 5m or 1h.`)
  const by = query.get('by')
  const question = {
    model,
    store: windows,
    metric: name,
    lastMs: last,
    asOf: readAsOf(query.get('asOf')),
    by: by === null || by === '' ? [] : by.split(','),
    where: readWhere(metric, query.getAll('where')),
    now: now(),
  }
  const answer = await (derived === null ? answerWindow(question) : answerDerivedWindow(derived, question))
  const { from, to } = answer.receipt
  const topped = top === null ? {} : { ...topOf(answer.rows, top), top }
  return { ...answer, ...topped, from: new Date(from).toISOString(), to: new Date(to).toISOString() }
}

/** A metric that is new has its window from its deploy on: it need not wait for a dataset. */
const windowModel = ({ model, building }: Pick<Serving, 'model' | 'building'>, name: string): ModelData => {
  const has = ({ metrics, derived = [] }: ModelData): boolean =>
    [...metrics, ...derived].some((metric) => metric.name === name)
  return building !== null && !has(model) && has(building) ? building : model
}

const readAsOf = (asOf: string | null): number | 'now' | 'latest' => {
  if (asOf === null || asOf === 'now') return 'now'
  if (asOf === 'latest') return asOf
  const time = instantOf(asOf)
  if (time === null)
    throw new Problem(
      'invalid_as_of',
      400,
      `asOf is ${asOf}; it must be now, latest, or an ISO 8601 time with its offset.`,
    )
  return time
}

/** Dimensions compare by their texts. */
const readWhere = (metric: Pick<MetricData, 'name' | 'by'>, conditions: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    conditions.map((condition) => {
      const split = condition.indexOf('=')
      const name = condition.slice(0, split)
      if (split < 1) throw new Problem('invalid_where', 400, `where is ${condition}; it must be DIMENSION=VALUE.`)
      const dimension = metric.by.find((candidate) => candidate.name === name)
      if (dimension === undefined)
        throw new Problem('unknown_dimension', 400, `Metric ${metric.name} has no dimension ${name}.`, {
          allowed: metric.by.map((candidate) => candidate.name),
        })
      return [name, refuseUnkept(metric, dimension, keptText(condition.slice(split + 1)))]
    }),
  )
