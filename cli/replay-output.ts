import { rowsDiffering } from '../stores/ledger/dataset.ts'
import { askBatch } from './ask-batch.ts'
import type { Connection } from './connection.ts'
import { exitCodes } from './exit.ts'
import { grouped } from './progress.ts'
import type { Session } from './session.ts'

interface OutputShard {
  readonly name: string
  readonly shardId: string
  readonly from: string
  readonly to: string
  readonly reached: string
  readonly modelVersion: string
  readonly begunAt: number
}

interface Difference {
  readonly metric: string
  /** The bucket's: an instant, or a local date. */
  readonly start: string
  readonly rowsEqual: number
  readonly rowsChanged: number
  readonly rowsMissing: number
  readonly rowsExtra: number
}

/** Shown in a table; JSON and CSV hold all. */
const maxShown = 40

const outputsOf = async (connection: Connection): Promise<readonly OutputShard[]> =>
  ((await askBatch(connection, { step: 'outputs' })) as { outputs: readonly OutputShard[] }).outputs

export const listOutputs = async (session: Session, connection: Connection): Promise<void> => {
  const outputs = await outputsOf(connection)
  const rows = outputs.map(({ name, shardId, from, to, reached, begunAt }) => [
    ...[name, shardId, from, to],
    reached <= from,
    new Date(begunAt).toISOString(),
  ])
  session.answer({
    json: { outputs },
    tables: [{ columns: ['name', 'shard', 'from', 'to', 'whole', 'begun'], rows }],
  })
}

/** Begins the output, or goes on with one that was begun. */
export const writeOutput = async (session: Session, connection: Connection, name: string): Promise<void> => {
  const isBegun = (await outputsOf(connection)).some((output) => output.name === name)
  if (!isBegun) await askBatch(connection, { step: 'beginOutput', name })
  let records = 0
  for (;;) {
    const { progress, done } = (await askBatch(connection, { step: 'writeOutput', name })) as {
      progress: { shardId: string; reached: string; records: number } | null
      done: boolean
    }
    if (done) break
    records += progress?.records ?? 0
    session.progress.update(`${grouped(records)} records counted, ${progress?.shardId} down to ${progress?.reached}`)
  }
  session.answer({
    json: { name, records },
    tables: [],
    head: [
      `${grouped(records)} records are counted into ${name}, beside what is served. \`tidemark replay --compare ${name}\` shows what differs, \`--swap ${name}\` serves it.`,
    ],
  })
}

/** Exit 3 where a row differs. */
export const compareOutput = async (session: Session, connection: Connection, name: string): Promise<void> => {
  const answer = (await askBatch(connection, { step: 'compareOutput', name })) as { buckets: readonly Difference[] }
  const differing = answer.buckets.filter((bucket) => rowsDiffering(bucket) > 0)
  const shown = session.format === 'table' ? differing.slice(0, maxShown) : differing
  const equal = answer.buckets.reduce((sum, { rowsEqual }) => sum + rowsEqual, 0)
  session.answer({
    json: { name, ...answer },
    tables: [
      {
        columns: ['metric', 'bucket', 'equal', 'changed', 'missing', 'extra'],
        rows: shown.map((bucket) => [
          ...[bucket.metric, bucket.start],
          ...[bucket.rowsEqual, bucket.rowsChanged, bucket.rowsMissing, bucket.rowsExtra],
        ]),
      },
    ],
    notes: [
      differing.length === 0
        ? `All ${grouped(equal)} rows that are served are as they are in ${name}.`
        : `${grouped(differing.length)} of ${grouped(answer.buckets.length)} buckets differ from ${name}: rows that are served have another value (changed), are lacking (missing), or should not be there (extra).`,
    ],
  })
  if (differing.length > 0) process.exitCode = exitCodes.no
}

export const swapOutput = async (session: Session, connection: Connection, name: string): Promise<void> => {
  const answer = (await askBatch(connection, { step: 'swapOutput', name })) as { swapped: readonly string[] }
  const head = [`The speed rows of ${answer.swapped.length} shards are those of ${name} now, and ${name} is gone.`]
  session.answer({ json: answer, tables: [], head })
}

export const dropOutput = async (session: Session, connection: Connection, name: string): Promise<void> => {
  const answer = await askBatch(connection, { step: 'dropOutput', name })
  session.answer({ json: answer, tables: [], head: [`${name} is removed. What is served was not changed.`] })
}
