import { createContext, Script } from 'node:vm'
import type { Outcome } from './outcome.ts'
import type { Place, Probe } from './probe.ts'

export interface Limits {
  /** For one function over all samples. */
  readonly runMs: number
  readonly loadMs: number
}

export interface FunctionMistake {
  readonly event: string
  readonly message: string
}

/**
 * Runs each function over samples in two fresh contexts, in one the last sample first, where clock, chance, language,
 * time zone and the world outside are denied to it.
 * @param bundle the text of the bundle `probe`
 * @param lines events as JSON, beside those made of the schemas
 * @throws where the definitions can't be loaded apart from the world, or never end loading
 */
export const functionMistakes = (bundle: Script, lines: readonly string[], limits: Limits): FunctionMistake[] => {
  const places = JSON.parse(contextWith(bundle, 1, limits).ask('probe.functions()', {})) as Place[]
  return places.flatMap((place) => {
    const [first, second] = [false, true].map((isReversed) => runIn(bundle, place, lines, { isReversed, limits }))
    const message = first === undefined || second === undefined ? null : judge(first, second, limits, place)
    return message === null ? [] : [{ event: place.event, message: `${titleOf(place)}: ${message}` }]
  })
}

interface Run {
  readonly isReversed: boolean
  readonly limits: Limits
}

/** null: it didn't end in time. */
const runIn = (
  bundle: Script,
  place: Place,
  lines: readonly string[],
  { isReversed, limits }: Run,
): Outcome[] | null => {
  const context = contextWith(bundle, isReversed ? 2 : 1, limits)
  try {
    const given = { place: JSON.stringify(place), lines: JSON.stringify(lines), isReversed }
    return JSON.parse(context.ask('probe.run(place, lines, isReversed)', given)) as Outcome[]
  } catch (error) {
    // The caller names the function that didn't end.
    if (isTimeout(error)) return null
    throw error
  }
}

const contextWith = (bundle: Script, contextNumber: number, limits: Limits) => {
  const module: { exports: { probe?: Probe } } = { exports: {} }
  const refuse = (name: string): never => {
    throw new Error(`The definitions import ${name}: they can use nothing but themselves, tidemark and zod.`)
  }
  const context = createContext({ module, exports: module.exports, require: refuse, contextNumber })
  try {
    bundle.runInContext(context, { timeout: limits.loadMs })
  } catch (error) {
    if (isTimeout(error))
      throw new Error(`The definitions were not loaded within ${limits.loadMs} ms: something in a file never ends.`)
    throw error
  }
  return {
    ask: (code: string, given: Readonly<Record<string, unknown>>): string => {
      Object.assign(context, given, { probe: module.exports.probe })
      return String(new Script(code).runInContext(context, { timeout: limits.runMs }))
    },
  }
}

const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'

const titleOf = ({ event, name, isRule, isStep }: Place): string => {
  if (isStep === true) return `Sessions ${name}, step`
  return isRule === true ? `Score ${name}, rule` : `Event ${event}, derive ${name}`
}

/** The worst that can be said of a function; null where nothing can. */
const judge = (
  first: readonly Outcome[] | null,
  second: readonly Outcome[] | null,
  { runMs }: Limits,
  { isRule, isStep }: Place,
): string | null => {
  if (first === null || second === null)
    return `didn't end within ${runMs} ms. Every record would hold up its shard; bound its loops and regular expressions.`
  const denied = first.find((outcome) => outcome.denied.length > 0)
  if (denied !== undefined)
    return `asks for ${denied.denied.join(', ')}. A function sees its event and nothing else, or each layer answers otherwise: take the time from its at, and name zones and languages.`
  const other = first.findIndex((outcome, place) => textOf(outcome) !== textOf(second[place]))
  if (other >= 0)
    return `answered ${textOf(first[other])} and then ${textOf(second[other])} for ${cut(first[other]?.sample)}. It keeps something between events, or from when it was loaded: let it depend on its event alone.`
  const flawed = first.filter(({ flaw }) => flaw !== undefined)
  const [flaw] = flawed
  if (flaw === undefined) return null
  if (isRule === true)
    return `has no score for ${flawed.length} of ${first.length} samples: it ${flaw.flaw}; for ${cut(flaw.sample)}. Answer { score, because } for every event; what a profile knows nothing of is null.`
  if (isStep === true)
    return `passes over ${flawed.length} of ${first.length} samples: it ${flaw.flaw}; for ${cut(flaw.sample)}. Answer a state for every event; the state it was in where nothing changes.`
  return `can't be had for ${flawed.length} of ${first.length} samples, which would be rejected: ${flaw.flaw}; for ${cut(flaw.sample)}. Answer null where there is none.`
}

const textOf = (outcome: Outcome | undefined): string => outcome?.answer ?? `an error (${outcome?.flaw ?? 'nothing'})`

const maxSampleLength = 200
const cut = (sample = ''): string => (sample.length > maxSampleLength ? `${sample.slice(0, maxSampleLength)}…` : sample)
