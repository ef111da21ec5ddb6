import { compileDefinitions } from '../../core/compile.ts'
import type { Hash64 } from '../../core/hash.ts'
import type { ZoneTables } from '../../core/zone.ts'
import { type SampleFindings, sampleFindings } from './sample.ts'

interface Parts {
  readonly hash: Hash64
  readonly zones: ZoneTables
  readonly code: Readonly<Record<string, string>>
}

/**
 * What compiling refuses: of each definition by itself, then of those that pass together, with the entities and scores. Empty where all of them
 * compile.
 */
export const compileMistakes = (
  exported: Readonly<Record<string, unknown>>,
  { hash, zones, code }: Parts,
): string[] => {
  const refusalOf = (definitions: Readonly<Record<string, unknown>>): string | null => {
    try {
      compileDefinitions(definitions, hash, zones, code)
      return null
    } catch (error) {
      // Reported by the caller, beside what else is refused.
      return error instanceof Error ? error.message : String(error)
    }
  }
  if (refusalOf(exported) === null) return []
  const entries = Object.entries(exported)
  const alone = entries
    .filter(([, value]) => !refersToOthers(value))
    .map((entry) => ({ entry, refusal: refusalOf(Object.fromEntries([entry, ...operandsOf(entry[1])])) }))
  const passed = alone.filter(({ refusal }) => refusal === null).map(({ entry }) => entry)
  // An entity refers to metrics and to other entities, a score to profiles.
  const referring = entries.filter(([, value]) => refersToOthers(value))
  const together = refusalOf(Object.fromEntries([...passed, ...referring]))
  const refusals = alone.flatMap(({ refusal }) => (refusal === null ? [] : [refusal]))
  return [...new Set([...refusals, ...(together === null ? [] : [together])])]
}

/** What a sample tells of definitions that compile. @param lines events as JSON */
export const sampleOf = (
  exported: Readonly<Record<string, unknown>>,
  { hash, zones, code }: Parts,
  lines: readonly string[],
): SampleFindings => {
  const limits = Object.values(exported).flatMap((value): [string, number][] => {
    const { values } = definitionOf(value)
    return isObject(value) && typeof values === 'number' ? [[String(value.name), values]] : []
  })
  return sampleFindings(compileDefinitions(exported, hash, zones, code), lines, new Map(limits))
}

const definitionOf = (value: unknown): Record<string, unknown> =>
  isObject(value) && isObject(value.definition) ? value.definition : {}

const refersToOthers = (value: unknown): boolean => 'latest' in definitionOf(value) || 'rule' in definitionOf(value)

/** A ratio's metrics, without which it can't compile. */
const operandsOf = (value: unknown): [string, unknown][] => {
  const { of } = definitionOf(value)
  return Array.isArray(of) ? of.map((operand: unknown, place) => [`of${place}`, operand]) : []
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
