import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError, messageOf, usageError } from './exit.ts'

/** RFC 9457 problem details, as the API answers them. */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  /** What could be asked instead, where the API says so. */
  readonly allowed: readonly string[]
}

export class ApiProblem extends CommandError {
  override readonly name = 'ApiProblem'
  readonly problem: Problem

  constructor(problem: Problem) {
    const allowed = problem.allowed.length === 0 ? '' : ` Allowed: ${problem.allowed.join(', ')}.`
    super(`${problem.detail || problem.title}${allowed} [${problem.code}]`)
    this.problem = problem
  }
}

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

/** The stage's HTTP API. `get` and `post` answer the body; @throws ApiProblem, or a CommandError where nothing answers. */
export interface Api {
  readonly url: string
  get<T>(path: string, query?: Query): Promise<T>
  /** @param text what is handed in, as it stands */
  post<T>(path: string, text: string): Promise<T>
}

/** The HTTP API's own limit is 30 s; a little more shows its answer rather than ours. */
const timeoutMs = 35_000
const attempts = 4
const longestRetryAfterMs = 10_000
/** 503 says that the warehouse is busy, and Retry-After when to come again; 502 and 504 that the function failed or ran out of time. */
const passing = new Set([502, 503, 504])

export const apiAt = (url: string, pause: (ms: number) => Promise<unknown> = sleep): Api => ({
  url,
  get: <T>(path: string, query: Query = {}): Promise<T> => answerOf<T>(() => send(addressOf(url, path, query)), pause),
  post: <T>(path: string, text: string): Promise<T> =>
    answerOf<T>(() => send(addressOf(url, path, {}), { method: 'POST', body: text }), pause),
})

const answerOf = async <T>(ask: () => Promise<Response>, pause: (ms: number) => Promise<unknown>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    const response = await ask()
    if (response.ok) return (await response.json()) as T
    if (!passing.has(response.status) || attempt === attempts) throw await problemOf(response)
    await response.arrayBuffer()
    await pause(Math.min(longestRetryAfterMs, Number(response.headers.get('retry-after') ?? 1) * 1000))
  }
}

const addressOf = (url: string, path: string, query: Query): URL => {
  const address = new URL(`${url.replace(/\/$/, '')}${path}`)
  for (const [name, value] of Object.entries(query))
    for (const each of typeof value === 'string' ? [value] : (value ?? [])) address.searchParams.append(name, each)
  return address
}

const send = async (address: URL, posted: Pick<RequestInit, 'method' | 'body'> = {}): Promise<Response> => {
  const headers = {
    accept: 'application/json',
    ...(posted.body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  try {
    return await fetch(address, { ...posted, headers, signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    throw new CommandError(
      `${address.origin} does not answer (${messageOf(error)}). Is the stage up? \`tidemark local up\` starts the laptop stage; \`tidemark doctor\` says what is wrong.`,
    )
  }
}

const problemOf = async (response: Response): Promise<CommandError> => {
  const text = await response.text()
  const problem = parseProblem(text, response)
  if (problem !== null) return new ApiProblem(problem)
  const said = `The API answered ${response.status}: ${text.slice(0, 500)}`
  return new CommandError(
    passing.has(response.status)
      ? `The API's function failed, or did not answer in time. \`tidemark status\` says which part is away. ${said}`
      : said,
  )
}

const parseProblem = (text: string, response: Response): Problem | null => {
  try {
    const body = JSON.parse(text) as Partial<Problem>
    if (typeof body.code !== 'string') return null
    const { code, title = code, detail = '', allowed } = body
    return { status: response.status, code, title, detail, allowed: Array.isArray(allowed) ? allowed.map(String) : [] }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** The question itself is wrong: bad parameters, or a name that there isn't. */
const questionRefused = [400, 404, 422]

/** Wrong usage where the API says that the question is wrong; otherwise the error as it is. */
export const asUsage = (error: unknown): unknown =>
  error instanceof ApiProblem && questionRefused.includes(error.problem.status) ? usageError(error.message) : error
