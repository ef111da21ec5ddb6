import { createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import type { Command } from 'commander'
import type { StreamRecord } from '../../stores/stream/stream.ts'
import { CommandError, exitCodes, usageError } from '../exit.ts'
import { type Fed, feed } from '../feed.ts'
import { type BadLine, isBad, linesOf, recordOf } from '../ndjson.ts'
import { duration, grouped } from '../progress.ts'
import { type Session, sessionOf } from '../session.ts'

interface IngestOptions {
  readonly rate?: string
  readonly dryRun?: true
}

/** Bad lines named one by one; the rest are counted. */
const badLinesNamed = 20

export const addIngest = (program: Command): void => {
  program
    .command('ingest')
    .description('put events on the stream, one JSON object a line')
    .argument('<file>', 'an NDJSON file, or - for stdin')
    .option('--rate <events>', 'events a second at most')
    .option('--dry-run', 'read and check the lines, put nothing')
    .action(async (file: string, options: IngestOptions, command: Command) => {
      const session = sessionOf(command)
      const rate = rateOf(options.rate)
      const lines = linesOf(await textOf(file))
      const bad: BadLine[] = []
      const records = goodRecords(lines, (line) => {
        bad.push(line)
        if (bad.length <= badLinesNamed) session.progress.say(`${file}:${line.lineNumber} ${line.reason}; left out`)
      })
      const startedAt = session.now()
      const fed = options.dryRun ? await countOnly(records) : await put(session, records, rate)
      report(session, {
        ...fed,
        bad: bad.length,
        elapsedMs: session.now() - startedAt,
        dryRun: options.dryRun === true,
      })
      if (bad.length > 0) process.exitCode = exitCodes.failed
    })
}

const rateOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const rate = Number(text)
  if (!(rate > 0) || !Number.isFinite(rate)) throw usageError(`--rate ${text}: events a second, more than 0.`)
  return rate
}

const textOf = async (file: string): Promise<AsyncIterable<string>> => {
  if (file === '-') return process.stdin.setEncoding('utf8')
  try {
    await access(file)
  } catch (error) {
    throw usageError(`${file} can't be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  return createReadStream(file, 'utf8')
}

const goodRecords = async function* (
  lines: AsyncIterable<string>,
  onBad: (line: BadLine) => void,
): AsyncGenerator<StreamRecord> {
  let lineNumber = 0
  for await (const line of lines) {
    lineNumber += 1
    if (line.trim() === '') continue
    const record = recordOf(line, lineNumber)
    if (isBad(record)) onBad(record)
    else yield record
  }
}

const put = async (session: Session, records: AsyncIterable<StreamRecord>, rate: number | undefined): Promise<Fed> => {
  const connection = await session.connect()
  let accepted = 0
  try {
    return await feed(await connection.stream(), records, {
      ...(rate === undefined ? {} : { rate }),
      onProgress: (count) => {
        accepted = count
        session.progress.update(`${grouped(count)} events accepted`)
      },
    })
  } catch (error) {
    throw new CommandError(
      `${error instanceof Error ? error.message : String(error)} (${grouped(accepted)} events had been accepted; putting them again would make twins, which count once after a recompute if they carry an id)`,
    )
  }
}

const countOnly = async (records: AsyncIterable<StreamRecord>): Promise<Fed> => {
  let accepted = 0
  for await (const _record of records) accepted += 1
  return { accepted, retried: 0, lastSequenceNumbers: {} }
}

interface Report extends Fed {
  readonly bad: number
  readonly elapsedMs: number
  readonly dryRun: boolean
}

const report = (session: Session, { accepted, retried, bad, elapsedMs, dryRun }: Report): void =>
  session.answer({
    json: { accepted: dryRun ? 0 : accepted, wouldPut: dryRun ? accepted : 0, retried, bad },
    tables: [
      {
        columns: [dryRun ? 'would put' : 'accepted', 'sent again', 'left out'],
        rows: [[accepted, retried, bad]],
      },
    ],
    notes: [
      `${grouped(accepted)} events in ${duration(elapsedMs)}${bad > 0 ? `; ${grouped(bad)} lines left out` : ''}`,
    ],
  })
