import type { Command } from 'commander'
import { askBatch } from '../ask-batch.ts'
import { follow } from '../execution.ts'
import { CommandError, exitCodes, usageError } from '../exit.ts'
import type { Cell, Table } from '../output.ts'
import { type ParityAnswer, parityNotes, parityTables } from '../parity.ts'
import { grouped } from '../progress.ts'
import { rebuildRows } from '../rebuild.ts'
import { type Session, sessionOf } from '../session.ts'

interface ChangeOptions {
  readonly acceptDrift?: true
  readonly rebuild?: true
  readonly dryRun?: true
}

/** The commands that ask the batch function itself. */
export const addBatchCommands = (program: Command): void => {
  addPromote(program)
  addRollback(program)
  addDatasets(program)
}

const addPromote = (program: Command): void => {
  program
    .command('promote')
    .description('serve a dataset that is loaded')
    .argument('<dataset>')
    .option('--accept-drift', 'although it differs from what is served by more than the stage allows')
    .option('--dry-run', 'show the dataset, change nothing')
    .action(async (datasetId: string, options: ChangeOptions, command: Command) => {
      const session = sessionOf(command)
      const connection = await session.connect()
      if (options.dryRun) return showDataset(session, await askBatch(connection, { step: 'dataset', datasetId }))
      const acceptDrift = options.acceptDrift === true
      const answer = await askBatch(connection, { step: 'promoteDataset', datasetId, acceptDrift })
      session.answer({ json: answer, tables: [], head: [`Dataset ${datasetId} is live.`] })
    })
}

const addRollback = (program: Command): void => {
  program
    .command('rollback')
    .description('serve the dataset in the other slot, or the one named; the speed side widens by itself')
    .argument('[dataset]')
    .option('--rebuild', 'where speed rows that it needs were pruned, count them again from the archive first')
    .option('--dry-run', 'show the datasets, change nothing')
    .action(async (datasetId: string | undefined, options: ChangeOptions, command: Command) => {
      const session = sessionOf(command)
      const connection = await session.connect()
      if (options.dryRun) return showDatasets(session, await askBatch(connection, { step: 'datasets' }))
      if (options.rebuild) {
        if (datasetId === undefined)
          throw usageError('rollback --rebuild: name the dataset; `tidemark datasets` lists them.')
        const records = await rebuildRows(session, connection, datasetId)
        session.progress.say(`${grouped(records)} records counted again from the archive`)
      }
      const answer = await askBatch(connection, {
        step: 'rollback',
        ...(datasetId === undefined ? {} : { datasetId }),
      })
      const { reload, liveDatasetId } = answer as { reload?: string; liveDatasetId?: string }
      if (reload !== undefined) return reloadDataset(session, reload)
      session.answer({ json: answer, tables: [], head: [`Dataset ${liveDatasetId} is live.`] })
    })

  const reloadDataset = async (session: Session, reloadDatasetId: string): Promise<void> => {
    session.progress.say(`dataset ${reloadDatasetId} is in no slot any more; loading it again from its files`)
    const connection = await session.connect()
    const executions = await connection.executions()
    const executionArn = await executions.start({ full: false, promote: true, reloadDatasetId })
    const outcome = await follow(connection, executionArn, session)
    session.answer(outcome.answer)
    if (outcome.held) process.exitCode = exitCodes.no
  }
}

const addDatasets = (program: Command): void => {
  program
    .command('datasets')
    .description("the recomputes' results, or all about one")
    .argument('[id]')
    .action(async (datasetId: string | undefined, _options: unknown, command: Command) => {
      const session = sessionOf(command)
      const connection = await session.connect()
      if (datasetId === undefined) return showDatasets(session, await askBatch(connection, { step: 'datasets' }))
      return showDataset(session, await askBatch(connection, { step: 'dataset', datasetId }))
    })
}

const showDatasets = (session: Session, answer: unknown): void => {
  const list = Array.isArray(answer) ? answer : (answer as { datasets?: unknown } | null)?.datasets
  if (!Array.isArray(list))
    throw new CommandError(`The batch function answered no list of datasets: ${JSON.stringify(answer)}`)
  session.answer({ json: answer, tables: [tableOf(list)] })
}

const showDataset = (session: Session, answer: unknown): void => {
  const { parity = [], ...rest } = (answer ?? {}) as { parity?: readonly ParityAnswer[] } & Record<string, unknown>
  const fields = Object.entries(rest)
  const plain = fields.filter(([, value]) => !Array.isArray(value))
  session.answer({
    json: answer,
    tables: [
      { columns: ['field', 'value'], rows: plain.map(([name, value]) => [name, cellOf(value)]) },
      ...fields.flatMap(([, value]) => (Array.isArray(value) && value.length > 0 ? [tableOf(value)] : [])),
      ...(parity.length > 0 ? parityTables(parity) : []),
    ],
    notes: parityNotes(parity),
  })
}

/** One column for each field of the first row: the rows of one answer are alike. */
const tableOf = (rows: readonly Record<string, unknown>[]): Table => {
  const columns = Object.keys(rows[0] ?? {})
  return { columns, rows: rows.map((row) => columns.map((column) => cellOf(row[column]))) }
}

const cellOf = (value: unknown): Cell => {
  if (value === undefined || value === null) return null
  return typeof value === 'object' ? JSON.stringify(value) : (value as Cell)
}
