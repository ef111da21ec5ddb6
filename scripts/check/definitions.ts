import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Script } from 'node:vm'
import type { ZoneTables } from '../../core/zone.ts'
import type { Folders } from '../build/definitions-folder.ts'
import { hashFunctions } from '../build/functions.ts'
import { bundleEntry, loadFresh, type ModelOptions, refuseNoIndex, type Survey, survey } from '../build/model.ts'
import { resolveZones } from '../build/zones.ts'
import { functionMistakes, type Limits } from './functions.ts'
import { placeOfLoadError } from './load-place.ts'
import type { SampleFindings } from './sample.ts'

/** What is wrong with one definition, where, and what to do. */
export interface Mistake {
  readonly message: string
  /** `events/visit.ts:3` of the folder; null where that is not known. */
  readonly where: string | null
}

const usualLimits: Limits = { runMs: 2000, loadMs: 10_000 }

/** What `check` answers. */
export interface Checked {
  readonly mistakes: readonly Mistake[]
  /** Of sample events that would be rejected. */
  readonly notes: readonly string[]
}

/** As `checkDefinitions`, the mistakes alone. */
export const mistakesIn = async (...given: Parameters<typeof checkDefinitions>): Promise<readonly Mistake[]> =>
  (await checkDefinitions(...given)).mistakes

/**
 * All that is wrong with a folder of definitions: what compiling refuses, and functions that are impure, throw or never
 * end.
 * @param lines sample events as JSON
 * @throws where the folder has no `index.ts` or doesn't bundle
 */
export const checkDefinitions = async (
  folders: Folders,
  lines: readonly string[] = [],
  limits: Limits = usualLimits,
): Promise<Checked> => {
  refuseNoIndex(folders.definitionsDir)
  const outDir = await mkdtemp(join(tmpdir(), 'tidemark-check-'))
  try {
    const { messages, notes, loadPlace } = await messagesOf({ ...folders, outDir }, lines, limits)
    const files = await filesOf(folders.definitionsDir)
    const mistakes = messages
      .map((message) => ({ message, ...(placeOf(message, files) ?? loadPlace ?? nowhere) }))
      .sort(byPlace)
      .map(({ message, file, line }) => ({ message, where: file === null ? null : `${file}:${line}` }))
    return { mistakes, notes }
  } finally {
    await rm(outDir, { recursive: true, force: true })
  }
}

interface Told {
  readonly messages: readonly string[]
  readonly notes: readonly string[]
  /** Where loading the definitions failed. */
  readonly loadPlace?: Found | null
}

interface Loaded {
  readonly loadMistakes: (zones: ZoneTables, code: Readonly<Record<string, string>>) => Promise<string[]>
  readonly loadSample: (
    zones: ZoneTables,
    code: Readonly<Record<string, string>>,
    lines: readonly string[],
  ) => Promise<SampleFindings>
}

const scriptName = 'definitions'
/** What the bundler calls zod's `z`. */
const zodInBundle = /\bexternal_exports\./g

/** The functions first, in a context of their own: what never ends must not be loaded here. */
const messagesOf = async (options: ModelOptions, lines: readonly string[], limits: Limits): Promise<Told> => {
  const file = await bundleEntry('probe', options)
  const script = new Script(await readFile(file, 'utf8'), { filename: scriptName })
  const found = attempt(() => functionMistakes(script, lines, limits))
  if ('message' in found)
    return {
      messages: [found.message.replaceAll(zodInBundle, 'z.')],
      notes: [],
      loadPlace: await placeOfLoadError(found.error, scriptName, options),
    }
  const { zones, functions } = await survey(options)
  const tables: { name: string; zone: ReturnType<typeof attempt<ZoneTables>> }[] = [...zones].map((entry) => ({
    name: entry[0],
    zone: attempt(() => resolveZones(new Map([entry]))),
  }))
  const known = tables.flatMap(({ zone }) => ('value' in zone ? [zone.value] : []))
  const unknown = tables.flatMap(({ zone }) => ('message' in zone ? [zone.message] : []))
  const { code, unhashed } = await hashed(options, functions)
  const loaded = loadFresh<Loaded>(await bundleEntry('mistakes', options))
  const facts = [Object.assign({}, ...known), code] as const
  const refused = await loaded.loadMistakes(...facts)
  const beside = refused.filter((message) => !message.startsWith('No table of the time zone '))
  const messages = [...beside, ...unknown, ...unhashed, ...found.value.map(({ message }) => message)]
  // A sample goes through functions, in this very process: through sound ones only.
  if (messages.length > 0 || lines.length === 0) return { messages, notes: [] }
  const sample = await loaded.loadSample(...facts, lines)
  return { messages: sample.mistakes, notes: sample.notes }
}

/** Each event's hash, or what stands in its way: then something stands for it, so that the event's metrics are checked. */
const hashed = async (folders: Folders, functions: Survey['functions']) => {
  const code: Record<string, string> = {}
  const unhashed = new Set<string>()
  for (const entry of functions) {
    code[entry[0]] = 'none'
    try {
      Object.assign(code, await hashFunctions(folders, new Map([entry])))
    } catch (error) {
      // Reported by the caller, beside what else is refused.
      unhashed.add(messageOf(error))
    }
  }
  return { code, unhashed }
}

/** Errors of another context are no `Error` of this one. */
const attempt = <Value>(
  run: () => Value,
): { readonly value: Value } | { readonly message: string; readonly error: unknown } => {
  try {
    return { value: run() }
  } catch (error) {
    // Reported by the caller, as a mistake of the definitions.
    return { message: messageOf(error), error }
  }
}

const messageOf = (error: unknown): string =>
  String(typeof error === 'object' && error !== null && 'message' in error ? error.message : error)

interface File {
  readonly name: string
  readonly text: string
}

const filesOf = async (dir: string): Promise<File[]> => {
  const names = (await readdir(dir, { recursive: true })).filter((name) => /\.[mc]?[jt]s$/.test(name)).sort()
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(join(dir, name), 'utf8') })))
}

interface Found {
  readonly file: string | null
  /** From 1. */
  readonly line: number
}

const nowhere: Found = { file: null, line: 0 }

/** By how a message begins, and by where what it names is written. */
const placeOf = (message: string, files: readonly File[]): Found | null => {
  const written = writtenAs(message)
  for (const { name, text } of written === null ? [] : files) {
    const found = written?.exec(text)
    if (found != null) return { file: name, line: text.slice(0, found.index).split('\n').length }
  }
  return null
}

/** How a definition stands in its file, or what is imported, or a quantity. */
const writtenAs = (message: string): RegExp | null => {
  const [, imported] = /^The definitions import ([^\s:]+(?::[^\s:]+)?):/.exec(message) ?? []
  if (imported !== undefined) return new RegExp(`(?:from|import|require\\()\\s*['"\`]${escaped(imported)}['"\`]`)
  const [, scale, unit] = /^decimal\((\S+), '(.*?)'\):/.exec(message) ?? []
  if (scale !== undefined && unit !== undefined)
    return new RegExp(`\\bdecimal\\(\\s*${escaped(scale)},\\s*['"\`]${escaped(unit)}['"\`]`)
  const [, name] =
    /^(?:Event|Metric|Entity|Profile|Score|Sessions|Limit) '?([\w$.-]+)/.exec(message) ??
    /are called ([\w$.-]+?)[;.]/.exec(message) ??
    []
  if (name === undefined) return null
  return new RegExp(
    `\\b(?:event|metric|ratio|minus|entity|profile|score|sessions|limit)\\(\\s*['"\`]${escaped(name)}['"\`]`,
  )
}

const escaped = (text: string): string => text.replaceAll(/[$.*+?()[\]{}|^\\]/g, '\\$&')

/** As one reads: what stands nowhere first, then by file and line. */
const byPlace = (a: Found, b: Found): number =>
  a.file === b.file ? a.line - b.line : (a.file ?? '') < (b.file ?? '') ? -1 : 1
