import { createReadStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { exitCodes, messageOf, usageError } from '../exit.ts'
import { type Session, sessionOf } from '../session.ts'

interface Options {
  readonly definitions: string
  readonly sample?: string
}

export const addCheck = (program: Command): void => {
  program
    .command('check')
    .description('what is wrong with definitions: all that a build refuses, and functions that are impure or throw')
    .option('--definitions <dir>', 'a folder whose index.ts exports the definitions', 'definitions')
    .option(
      '--sample <file>',
      'events to run the functions on besides made ones: NDJSON, or - for stdin; their rejections and their dimensions’ values are told',
    )
    .action(async (options: Options, command: Command) => {
      const session = sessionOf(command)
      const { checkDefinitions } = await import('../../scripts/check/definitions.ts')
      const packageDir = join(import.meta.dirname, '..', '..')
      const definitionsDir = resolve(session.cwd, options.definitions)
      const lines = await sampleLines(session, options.sample)
      const { mistakes, notes } = await checkDefinitions({ packageDir, definitionsDir }, lines)
      session.answer({
        json: { mistakes, notes },
        tables: [
          { columns: ['where', 'mistake'], rows: mistakes.map(({ where, message }) => [where, message]) },
        ].filter(({ rows }) => rows.length > 0),
        notes: [
          ...notes,
          ...(mistakes.length === 0 ? ['Nothing is wrong with these definitions that shows before they run.'] : []),
        ],
      })
      if (mistakes.length > 0) process.exitCode = exitCodes.no
    })
}

const sampleLines = async ({ cwd }: Session, file: string | undefined): Promise<string[]> => {
  if (file === undefined) return []
  const lines = await text(file === '-' ? process.stdin : createReadStream(resolve(cwd, file)))
  return lines.split('\n').filter((line, place) => {
    if (line.trim() !== '') refuseOther(line, `${file}, line ${place + 1}`)
    return line.trim() !== ''
  })
}

const refuseOther = (line: string, at: string): void => {
  try {
    JSON.parse(line)
  } catch (error) {
    throw usageError(`${at}: ${messageOf(error)}. A sample is one event as JSON a line.`)
  }
}
