import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { flightsCsv } from '../cli/samples/download.ts'
import { flights } from '../cli/samples/flights.ts'

/** Writes the sample's 336,776 events to stdout: `npx tsx scripts/flights.ts | npx tidemark ingest -`. */
const csvPath = await flightsCsv(join(import.meta.dirname, '..'), (line) => process.stderr.write(`${line}\n`))
const lines = async function* (): AsyncGenerator<string> {
  for await (const event of flights(csvPath)) yield `${JSON.stringify(event)}\n`
}
try {
  await pipeline(lines, process.stdout)
} catch (error) {
  // The reader of the pipe (`head`, say) may have had enough.
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
}
