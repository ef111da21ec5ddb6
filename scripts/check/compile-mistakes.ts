import { compileDefinitions } from '../../core/compile.ts'
import { isSessions } from '../../core/definition/sessions.ts'
import type { Hash64 } from '../../core/hash.ts'
import type { ZoneTables } from '../../core/zone.ts'
import { type SampleFindings, sampleFindings } from './sample.ts'

interface Parts {
  readonly hash: Hash64
  readonly zones: ZoneTables
  readonly code: Readonly<Record<string, string>>
}

/**
 * What compiling refuses: of each definition by itself, of those that refer to others beside these, and of all together.
 * Empty where all of them compile.
 */
export const compileMistakes = (
  exported: Readonly<Record<string, unknown>>,
  { hash, zones, code }: Parts,
): string[] => {
  const refusalOf = (definitions: readonly Entry[]): string | null => {
    try {
      compileDefinitions(Object.fromEntries(definitions), hash, zones, code)
      return null
    } catch (error) {
      // Reported by the caller, beside what else is refused.
      return error instanceof Error ? error.message : String(error)
    }
  }
  const entries = Object.entries(exported)
  if (entries.every(([, value]) => Object.keys(definitionOf(value)).length === 0))
    return ['index.ts exports no definition, so nothing would be counted: export its events and metrics.']
  if (refusalOf(entries) === null) return []
  const refusals: string[] = []
  const passing = (some: readonly Entry[], beside: (entry: Entry) => readonly Entry[]): Entry[] =>
    some.filter((entry) => {
      const refusal = refusalOf([...beside(entry), entry])
      if (refusal !== null) refusals.push(refusal)
      return refusal === null
    })
  const alone = passing(
    entries.filter(([, value]) => !refersToOthers(value)),
    ([, value]) => operandsOf(value),
  )
  // An entity refers to metrics and to other entities, a limit to a metric and an entity, a score to profiles.
  const entities = entries.filter(([, value]) => isEntity(value))
  const ofEntities = refusalOf([...alone, ...entities])
  const standing = ofEntities === null ? [...alone, ...entities] : alone
  const others = passing(
    entries.filter(([, value]) => isLimit(value) || isScore(value)),
    () => standing,
  )
  const together = ofEntities ?? refusalOf([...standing, ...others])
  return [...new Set([...refusals, ...(together === null ? [] : [together])])]
}

type Entry = readonly [string, unknown]

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

const isEntity = (value: unknown): boolean => 'latest' in definitionOf(value)
const isLimit = (value: unknown): boolean => 'limits' in definitionOf(value)
const isScore = (value: unknown): boolean => 'rule' in definitionOf(value)
const refersToOthers = (value: unknown): boolean => isEntity(value) || isLimit(value) || isScore(value)

/** What it can't compile without: a ratio's metrics, a metric's sessions. */
const operandsOf = (value: unknown): [string, unknown][] => {
  const { of, derives, event } = definitionOf(value)
  if (isSessions(event)) return [['sessions', event]]
  return Array.isArray(of) && derives !== undefined
    ? of.flatMap((operand: unknown, place) => [[`of${place}`, operand], ...operandsOf(operand)] as [string, unknown][])
    : []
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
