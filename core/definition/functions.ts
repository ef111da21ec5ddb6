import type { AnyEvent } from './event.ts'

/**
 * The events among a definitions folder's exports that have functions, by the name they are exported under: the build
 * hashes the code that each of them reaches. One exported under two names is taken by the first.
 */
export const eventsWithFunctions = (exported: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const [exportName, value] of Object.entries(exported).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (isEvent(value) && Object.keys(value.definition.derive).length > 0 && !found.has(value.name))
      found.set(value.name, exportName)
  return found
}

export const isEvent = (value: unknown): value is AnyEvent =>
  typeof value === 'object' && value !== null && 'definition' in value && 'countDistinct' in value
