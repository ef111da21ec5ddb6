import type { Connection } from '../../cli/connection.ts'
import { rebuildRows } from '../../cli/rebuild.ts'
import type { Session } from '../../cli/session.ts'
import type { Executions } from '../../stores/executions/executions.ts'
import { quoted } from '../messages.ts'

const progress = { update: () => undefined, say: () => undefined, done: () => undefined }
const session = { progress, stage: 'local', env: {}, cwd: '/' } as unknown as Session

/** A stage whose batch function answers a rebuild so, one answer a step; each load of the dataset goes well. */
const stageOf = (answers: readonly object[]) => {
  const left = [...answers]
  const loads: unknown[] = []
  const executions: Executions = {
    start: async (input) => {
      loads.push(input)
      return 'arn'
    },
    state: async () => ({
      status: 'SUCCEEDED',
      output: { datasetId: 'ds-1', promote: false },
      error: null,
      cause: null,
    }),
    steps: async () => [{ eventId: 1, kind: 'entered', state: 'Held', isTask: false, at: 0, data: null }],
  }
  const connection = { batch: async () => left.shift(), executions: async () => executions } as unknown as Connection
  return { connection, loads }
}
const reload = { reload: 'ds-1' }
const chunk = { left: { shardId: 'shardId-000000000000', from: '1', to: '2' }, records: 10, rows: 1, done: false }

describe('rebuilding the rows that a dataset needs', () => {
  it('loads the dataset, without serving it, and counts chunk by chunk', async () => {
    const { connection, loads } = stageOf([reload, chunk, { ...chunk, left: null, done: true }])
    expect(await rebuildRows(session, connection, 'ds-1')).toBe(20)
    expect(loads).toEqual([{ full: false, promote: false, reloadDatasetId: 'ds-1' }])
  })

  it('gives up where recomputes took its slot three times', async () => {
    const { connection, loads } = stageOf([reload, chunk, reload, chunk, reload, chunk, reload])
    await expect(rebuildRows(session, connection, 'ds-1')).rejects.toThrow(quoted('slotLost'))
    expect(loads).toHaveLength(3)
  })
})
