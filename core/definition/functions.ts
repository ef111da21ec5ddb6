import type { AnyEvent } from './event.ts'
import type { ScoreDefinition } from './score.ts'
import { isSessions } from './sessions.ts'

/**
 * What has functions among a definitions folder's exports, by the name it is exported under: events by their names, scores by
 * `scoreCode`, sessions by `sessionsCode`. The build hashes the code that each of them reaches. One exported under two names is taken by the first.
 */
export const exportsWithFunctions = (exported: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const [exportName, value] of Object.entries(exported).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = codeKeyOf(value)
    if (key !== null && !found.has(key)) found.set(key, exportName)
  }
  return found
}

const codeKeyOf = (value: unknown): string | null => {
  if (isScore(value)) return scoreCode(value.name)
  if (isSessions(value)) return value.definition.state === null ? null : sessionsCode(value.name)
  return isEvent(value) && Object.keys(value.definition.derive).length > 0 ? value.name : null
}

/** What stands for a score among what has functions: no event's name holds a space. */
export const scoreCode = (name: string): string => `score ${name}`

/** The same for sessions. */
export const sessionsCode = (name: string): string => `sessions ${name}`

export const isEvent = (value: unknown): value is AnyEvent =>
  typeof value === 'object' && value !== null && 'definition' in value && 'countDistinct' in value && !isSessions(value)

export const isScore = (value: unknown): value is { readonly name: string; readonly definition: ScoreDefinition } => {
  const definition = typeof value === 'object' && value !== null && 'definition' in value ? value.definition : null
  return typeof definition === 'object' && definition !== null && 'rule' in definition
}
