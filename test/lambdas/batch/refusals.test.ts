import { apiAt } from '../../../cli/api.ts'
import { refusal } from '../../../cli/ask-batch.ts'
import { runStep } from '../../../lambdas/batch/steps.ts'
import { problemResponse } from '../../../lambdas/serving/problem-response.ts'
import { TransactionUnknown } from '../../../stores/warehouse/warehouse.ts'
import { arrival, BatchStage, changedDefinitions, shardA } from '../../localstack/tidemark/batch-stage.ts'
import { overriding } from '../../localstack/tidemark/overriding.ts'
import { quoted } from '../../messages.ts'

describe('what a person reads where the stage refuses', () => {
  let stage: BatchStage
  beforeEach(async () => {
    stage = await BatchStage.start('memory')
    stage.produce(shardA)
    await stage.settle()
  })

  const recomputed = async (): Promise<string> => (await stage.recompute()).datasetId
  /** What the command line prints of the batch function's answer. */
  const refused = async (request: Parameters<BatchStage['step']>[0]): Promise<string> => {
    const { problem } = await stage.step<{ problem?: Parameters<typeof refusal>[0] }>(request)
    return problem === undefined ? 'not refused' : refusal(problem).message
  }
  /** What the command line prints of the API's answer to a question that ends in this error. */
  const printed = async (error: unknown): Promise<string> => {
    const { statusCode = 500, headers, body } = problemResponse(error)
    const log = jest
      .spyOn(globalThis, 'fetch')
      .mockImplementation(
        async () => new Response(body, { status: statusCode, headers: headers as Record<string, string> }),
      )
    try {
      return await apiAt('http://127.0.0.1:1', async () => undefined)
        .get('/v1/metrics/sales')
        .then(String, (thrown: Error) => thrown.message)
    } finally {
      log.mockRestore()
    }
  }

  it('to go back below what is pruned', async () => {
    const first = await recomputed()
    for (const _ of ['second', 'third']) {
      stage.produce(shardA)
      await stage.settle()
      await recomputed()
    }
    expect(await refused({ step: 'rollback', datasetId: first })).toMatch(quoted('rowsPruned'))
  })

  it('to serve a dataset that failed, in whichever way it is asked for', async () => {
    const first = await recomputed()
    stage.produce(shardA)
    await stage.settle()
    const { executionName, datasetId } = await stage.seal()
    await stage.step({ step: 'recordFailure', executionName, error: { Error: 'States.TaskFailed', Cause: 'killed' } })
    for (const request of [
      { step: 'promoteDataset', datasetId },
      { step: 'promoteDataset', datasetId, acceptDrift: true },
      { step: 'rollback', datasetId },
      { step: 'rebuild', datasetId },
    ] as const)
      expect(await refused(request)).toBe(
        `${datasetId} is failed: it was never whole, so it can't be served. Nothing was changed. [not_loaded]`,
      )
    expect((await stage.ledger.control()).liveDatasetId).toBe(first)
  })

  it('to promote what differs too much', async () => {
    stage.produce(shardA, { id: 'twice' })
    stage.produce(shardA, { id: 'twice' }, arrival + 3_600_000)
    await stage.settle()
    stage.maxDrift = 0
    await recomputed()
    const [built] = await stage.ledger.datasets()
    expect(await refused({ step: 'promoteDataset', datasetId: built?.datasetId ?? '' })).toMatch(
      quoted('driftTooLarge'),
    )
  })

  it('to serve a dataset from an archive with a hole; what speed counted goes on being served', async () => {
    await recomputed()
    const [, expired, kept] = [stage.produce(shardA), stage.produce(shardA), stage.produce(shardA)]
    const records = stage.stream.get(shardA) ?? []
    await stage.writer().write(shardA, records)
    await stage.archiveRecords(records.filter((record) => record !== expired && record !== kept))
    await stage.archiveRecords(records.filter((record) => record === kept))
    stage.maxDrift = 0.05
    const run = await stage.recompute()
    expect(run.next).toBe('hold')
    expect(run.beyond?.join('\n')).toMatch(quoted('archiveHole'))
    const answered = async () => Object.values(await stage.answered('sales'))
    expect(await answered()).toEqual(['4'])
    // Sent again, it counts twice until a dataset is promoted: of its first time the archive knows nothing.
    const { id } = JSON.parse(expired?.text ?? '')
    await stage.archiveRecords([stage.produce(shardA, { id }, arrival + 7 * 86_400_000)])
    await stage.writer().write(shardA, stage.stream.get(shardA) ?? [])
    const { datasetId, next, beyond } = await stage.recompute()
    expect([next, beyond?.join('\n')]).toEqual(['hold', expect.stringMatching(quoted('archiveHole'))])
    expect(await answered()).toEqual(['5'])
    await stage.step({ step: 'promoteDataset', datasetId, acceptDrift: true })
    expect(await answered()).toEqual(['4'])
  })

  it('to serve a dataset from an archive whose hole the speed table shows, however little it is', async () => {
    await recomputed()
    const [, , expired] = [stage.produce(shardA), stage.produce(shardA), stage.produce(shardA), stage.produce(shardA)]
    const records = stage.stream.get(shardA) ?? []
    const at = records.indexOf(expired)
    await stage.writer().write(shardA, records.slice(0, at + 1))
    await stage.writer().write(shardA, records)
    await stage.archiveRecords(records.slice(0, at))
    await stage.archiveRecords(records.slice(at + 1))
    stage.maxDrift = 1
    const run = await stage.recompute()
    expect(run.next).toBe('hold')
    expect(run.beyond?.join('\n')).toMatch(quoted('holeSeen'))
    expect(run.beyond?.join('\n')).toContain(expired.sequenceNumber)
    expect(Object.values(await stage.answered('sales'))).toEqual(['5'])
    const { datasetId } = run
    expect(await refused({ step: 'promoteDataset', datasetId })).toMatch(quoted('holeSeen'))
    await stage.step({ step: 'promoteDataset', datasetId, acceptDrift: true })
    expect(Object.values(await stage.answered('sales'))).toEqual(['4'])
    // Its mark has passed the hole: what is built on it has nothing to say of that.
    stage.produce(shardA)
    await stage.archiveRecords((stage.stream.get(shardA) ?? []).slice(-1))
    await stage.writer().write(shardA, stage.stream.get(shardA) ?? [])
    expect(await stage.recompute()).toMatchObject({ next: 'promote', beyond: [] })
  })

  it('to answer by a definition that no dataset holds', async () => {
    await recomputed()
    await stage.deploy(changedDefinitions)
    const error = await stage.ask('sales', {}).catch((thrown: unknown) => thrown)
    expect(await printed(error)).toMatch(quoted('definitionChanged'))
  })

  it('to list datasets while the warehouse does not answer', async () => {
    const never = async (): Promise<never> => {
      throw new TransactionUnknown('one', 20_000)
    }
    const batch = { ...stage.batch, ledger: overriding(stage.ledger, { datasets: never }) }
    const { problem } = (await runStep(batch, { step: 'datasets' })) as { problem: Parameters<typeof refusal>[0] }
    expect(refusal(problem).message).toBe(
      'The warehouse did not answer in time; the query was cancelled. Nothing was changed. [warehouse_busy]',
    )
  })

  it('to answer a window while the cache does not', async () => {
    const logged = jest.spyOn(console, 'error').mockImplementation(() => undefined)
    const error = new Error('The cache at 127.0.0.1:1 did not answer within 5000 ms.')
    expect(await printed(error)).toMatch(quoted('cacheDownWindow'))
    expect(logged).toHaveBeenCalledWith(expect.stringContaining(error.message))
    logged.mockRestore()
  })

  it('to wait for a warehouse that does not answer', async () => {
    const logged = jest.spyOn(console, 'error').mockImplementation(() => undefined)
    expect(await printed(new TransactionUnknown('one', 20_000))).toMatch(quoted('warehouseBusy'))
    expect(logged).toHaveBeenCalled()
    logged.mockRestore()
  })
})
