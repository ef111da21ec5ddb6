import { askBatch } from './ask-batch.ts'
import type { Connection } from './connection.ts'
import { follow } from './execution.ts'
import { CommandError } from './exit.ts'
import { grouped } from './progress.ts'
import type { Session } from './session.ts'

interface Progress {
  readonly left: { readonly shardId: string; readonly from: string; readonly to: string } | null
  readonly records: number
  readonly done: boolean
}

/** How often a dataset is loaded that a recompute took the slot from meanwhile. */
const maxLoads = 3

/**
 * Rebuilds the pruned speed rows that serving a dataset needs, once it stands in a slot, which keeps them.
 * @returns the records counted @throws a CommandError where recomputes keep taking its slot
 */
export const rebuildRows = async (session: Session, connection: Connection, datasetId: string): Promise<number> => {
  let [records, loads] = [0, 0]
  for (;;) {
    const answer = (await askBatch(connection, { step: 'rebuild', datasetId })) as Progress | { reload: string }
    if ('reload' in answer) {
      if (++loads > maxLoads)
        throw new CommandError(
          `${datasetId} lost its slot to another dataset ${maxLoads} times while its speed rows were rebuilt. Wait for the recompute, then try again. What is served was not changed.`,
        )
      session.progress.say(`dataset ${datasetId} is in no slot any more; loading it again from its files`)
      const executions = await connection.executions()
      const executionArn = await executions.start({ full: false, promote: false, reloadDatasetId: datasetId })
      await follow(connection, executionArn, session)
      continue
    }
    records += answer.records
    if (answer.done) return records
    const { left } = answer
    session.progress.update(`rebuilding: ${grouped(records)} records counted, ${left?.shardId} down to ${left?.to}`)
  }
}
