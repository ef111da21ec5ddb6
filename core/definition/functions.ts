import type { AnyEvent } from './event.ts'
import type { ScoreDefinition } from './score.ts'

/**
 * What has functions among a definitions folder's exports, by the name it is exported under: events by their names, and
 * scores by `scoreCode`. The build hashes the code that each of them reaches. One exported under two names is taken by the first.
 */
export const exportsWithFunctions = (exported: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const [exportName, value] of Object.entries(exported).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = isScore(value)
      ? scoreCode(value.name)
      : isEvent(value) && Object.keys(value.definition.derive).length > 0
        ? value.name
        : null
    if (key !== null && !found.has(key)) found.set(key, exportName)
  }
  return found
}

/** What stands for a score among what has functions: no event's name holds a space. */
export const scoreCode = (name: string): string => `score ${name}`

export const isEvent = (value: unknown): value is AnyEvent =>
  typeof value === 'object' && value !== null && 'definition' in value && 'countDistinct' in value

export const isScore = (value: unknown): value is { readonly name: string; readonly definition: ScoreDefinition } => {
  const definition = typeof value === 'object' && value !== null && 'definition' in value ? value.definition : null
  return typeof definition === 'object' && definition !== null && 'rule' in definition
}
