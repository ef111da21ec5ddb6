import { readFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { bundleEntry, type ModelOptions } from '../build/model.ts'

/** A place in a folder of definitions. */
export interface FoundPlace {
  readonly file: string
  /** From 1. */
  readonly line: number
}

/**
 * Where in the definitions an error arose that loading them threw. Only then it is asked, so the bundle is made once more,
 * with a map of its lines.
 * @param script what the bundle was called when it ran
 */
export const placeOfLoadError = async (
  error: unknown,
  script: string,
  options: ModelOptions,
): Promise<FoundPlace | null> => {
  const stack = typeof error === 'object' && error !== null && 'stack' in error ? String(error.stack) : ''
  const frames = [...stack.matchAll(new RegExp(`\\b${script}:(\\d+):(\\d+)\\)?$`, 'gm'))]
  if (frames.length === 0) return null
  const file = await bundleEntry('probe', options, undefined, 'external')
  const map = new SourceMap(JSON.parse(await readFile(`${file}.map`, 'utf8')))
  for (const [, line, column] of frames) {
    const entry = map.findEntry(Number(line) - 1, Number(column) - 1)
    if (!('originalSource' in entry)) continue
    const [, inFolder] = /(?:^|\/)definitions:(.+)$/.exec(entry.originalSource) ?? []
    if (inFolder !== undefined) return { file: inFolder, line: entry.originalLine + 1 }
  }
  return null
}
