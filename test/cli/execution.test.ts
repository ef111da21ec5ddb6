import type { Connection } from '../../cli/connection.ts'
import { follow, timingsOf } from '../../cli/execution.ts'
import type { ExecutionState, Step } from '../../stores/executions/executions.ts'
import { quoted } from '../messages.ts'

let eventId = 0
const entered = (state: string, at: number, isTask = true, data: unknown = null): Step => ({
  eventId: ++eventId,
  kind: 'entered',
  state,
  isTask,
  at,
  data,
})
const run = { datasetId: 'ds-1', promote: true, drift: 0.4 }
const served = { datasetId: 'ds-0', live: true }
const promoted = () => [
  { datasetId: 'ds-0', live: false },
  { datasetId: 'ds-1', live: true },
]

/** @param datasets what the batch function answers of them */
const executionsOf = (
  steps: readonly Step[],
  state: Partial<ExecutionState>,
  datasets: () => unknown = () => [served, { datasetId: 'ds-1', live: false }],
): Pick<Connection, 'executions' | 'batch'> => ({
  executions: async () => ({
    start: async () => 'arn',
    state: async () => ({ status: 'SUCCEEDED', output: null, error: null, cause: null, ...state }),
    steps: async () => [...steps],
  }),
  batch: async (request) => {
    expect(request).toEqual({ step: 'datasets' })
    return datasets()
  },
})
const said: string[] = []
const progress = { update: () => undefined, say: (line: string) => void said.push(line), done: () => undefined }
const following = { progress, stage: 'local', env: { TIDEMARK_HOME: '/home/of/stage' }, cwd: '/' }
beforeEach(() => {
  said.length = 0
})

describe('follow', () => {
  it('names the steps of work, and times each to the next', async () => {
    const steps = [
      entered('Seal', 0),
      entered('WhatIsNew', 1000, false),
      entered('StartRecompute', 1000),
      entered('WaitForRecompute', 1500, false),
      entered('PollRecompute', 6500),
      entered('Promote', 7000),
      entered('Done', 7250, false),
    ]
    const outcome = await follow(executionsOf(steps, { output: run }, promoted), 'arn', following)
    expect(said).toEqual(['  Seal', '  StartRecompute', '  Promote'])
    expect(timingsOf(steps).map(({ elapsedMs }) => elapsedMs)).toEqual([1000, 6000, 250])
    expect(outcome).toMatchObject({ ended: 'Done', datasetId: 'ds-1', held: false })
  })

  it('says in which shards the speed table lags behind', async () => {
    const output = { ...run, behind: ['shardId-000000000001'] }
    const outcome = await follow(
      executionsOf([entered('Promote', 0), entered('Done', 10, false)], { output }, promoted),
      'arn',
      following,
    )
    expect(outcome.answer.notes?.[0]).toMatch(quoted('laggingRecompute'))
    expect(outcome.answer.notes?.[0]).toContain('(drift 40%)')
  })

  it('says what is live as it is then, not as the execution left it', async () => {
    const steps = [entered('Promote', 0), entered('Done', 10, false)]
    const noteOf = async (datasets?: () => unknown) =>
      (await follow(executionsOf(steps, { output: run }, datasets), 'arn', following)).answer.notes?.[0]
    expect(await noteOf(promoted)).toBe('Dataset ds-1 is live.')
    expect(await noteOf()).toMatch(/^Dataset ds-1 was promoted, and is live no more: another one was served since/)
    const silent = () => {
      throw new Error('no answer')
    }
    expect(await noteOf(silent)).toBe(
      'Dataset ds-1 was promoted; `tidemark datasets ds-1` shows whether it is live (asked now: no answer).',
    )
  })

  it('says that there was nothing new', async () => {
    const steps = [entered('Seal', 0), entered('NothingNew', 10, false)]
    const outcome = await follow(executionsOf(steps, {}), 'arn', following)
    expect(outcome).toMatchObject({ ended: 'NothingNew', held: false })
    expect(outcome.answer.notes?.[0]).toContain('Nothing new')
  })

  it('is held by drift, but not where it was asked to wait', async () => {
    const held = executionsOf([entered('Compare', 0), entered('Held', 10, false)], { output: run })
    expect(await follow(held, 'arn', following)).toMatchObject({ held: true, datasetId: 'ds-1' })
    const asked = executionsOf([entered('Compare', 0), entered('Held', 10, false)], {
      output: { ...run, promote: false },
    })
    expect(await follow(asked, 'arn', following)).toMatchObject({ held: false })
    const beyond = ['sales: 40% of its rows differ from what is served, 5% may; most in ….']
    const both = executionsOf([entered('Compare', 0), entered('Held', 10, false)], {
      output: { ...run, promote: false, beyond },
    })
    const outcome = await follow(both, 'arn', following)
    expect(outcome).toMatchObject({ held: true, answer: { json: { beyond } } })
    expect(outcome.answer.notes).toEqual([expect.stringMatching(quoted('held')), ...beyond])
  })

  it('throws that somebody stopped it', async () => {
    const stopped = executionsOf([entered('Seal', 0), entered('WaitForRecompute', 5, false)], { status: 'ABORTED' })
    await expect(follow(stopped, 'arn', following)).rejects.toThrow(quoted('stoppedRecompute'))
  })

  it('throws that it took too long', async () => {
    const slow = executionsOf([entered('Seal', 0), entered('WaitForRecompute', 5, false)], { status: 'TIMED_OUT' })
    await expect(follow(slow, 'arn', following)).rejects.toThrow(quoted('timedOutRecompute'))
  })

  it('throws which other recompute is under way, with exit code 1', async () => {
    const problem = { code: 'recompute_under_way', status: 409, detail: 'Recompute ds-0 is under way.' }
    const busy = executionsOf([entered('Seal', 0), entered('Busy', 10, false)], {
      output: { ...run, next: 'busy', problem },
    })
    await expect(follow(busy, 'arn', following)).rejects.toMatchObject({
      exitCode: 1,
      message: 'Recompute ds-0 is under way. Nothing was changed. [recompute_under_way]',
    })
  })

  it('throws the failed step, its reason and where the log is', async () => {
    const cause = JSON.stringify({ errorType: 'JobFailed', errorMessage: 'the job ran out of memory' })
    const steps = [
      entered('Seal', 0),
      entered('StartRecompute', 1),
      entered('PollRecompute', 2),
      entered('RecordFailure', 3, true, { run, error: { Error: 'Runtime.HandlerError', Cause: cause } }),
      entered('Failed', 4, false),
    ]
    await expect(follow(executionsOf(steps, { status: 'FAILED' }), 'arn', following)).rejects.toThrow(
      /step PollRecompute: the job ran out of memory\nThe live dataset is as it was\. Logs: \/home\/of\/stage\/logs/,
    )
  })

  describe('of an execution that served its dataset before it failed', () => {
    const promoting = [entered('Compare', 0, true, run), entered('Promote', 1, true, run)]
    const pruning = [...promoting, entered('Prune', 2, true, run)]
    const failed = [...pruning, entered('RecordFailure', 3, true, { ...run, error: { Error: 'E', Cause: 'no room' } })]
    const messageOf = (...of: Parameters<typeof executionsOf>): Promise<string> =>
      follow(executionsOf(...of), 'arn', following).then(
        () => 'nothing was thrown',
        (error: Error) => error.message,
      )

    it('throws that it is live all the same', async () => {
      const live = /^The recompute .* in step Prune: .*\nDataset ds-1 is live all the same\. Logs: /
      expect(await messageOf(failed, { status: 'FAILED' }, promoted)).toMatch(live)
      expect(await messageOf(pruning, { status: 'ABORTED' }, promoted)).toMatch(live)
    })

    it('throws that the live one is as it was, where somebody went back from it', async () => {
      expect(await messageOf(failed, { status: 'FAILED' })).toContain('\nThe live dataset is as it was. Logs: ')
    })

    it('throws neither where nobody says, or where its promotion may go on', async () => {
      const neither =
        /: .*\n`tidemark datasets ds-1` shows whether it is live( \(asked now: (no answer|Busy\. .*)\))?\. Logs: /
      const silent = () => {
        throw new Error('no answer')
      }
      expect(await messageOf(failed, { status: 'FAILED' }, silent)).toMatch(neither)
      const busy = () => ({ problem: { code: 'warehouse_busy', status: 503, detail: 'Busy.' } })
      expect(await messageOf(failed, { status: 'FAILED' }, busy)).toMatch(neither)
      expect(await messageOf(promoting, { status: 'ABORTED' })).toMatch(neither)
    })
  })
})
