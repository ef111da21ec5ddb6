import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { type RandomCall, RandomCalls } from '../../stores/warehouse/random-calls.ts'
import { randomOf } from '../tidemark/batch-law.ts'
import { BatchStage } from '../tidemark/batch-stage.ts'

/** What a call came to: its answer, that it was rolled back, or another error's words. */
const outcomeOf = async (stage: BatchStage, { run }: RandomCall): Promise<unknown> => {
  try {
    return { answer: await run(stage) }
  } catch (error) {
    if (error instanceof TransactionFailed) return { rolledBack: true }
    return { error: error instanceof Error ? error.message : error }
  }
}

const isAnswer = (outcome: unknown): outcome is { answer: unknown } =>
  typeof outcome === 'object' && outcome !== null && 'answer' in outcome

describe('whatever is asked of them', () => {
  let [real, twin]: BatchStage[] = []
  const ends = { answered: 0, rolledBack: 0, cells: 0 }
  beforeAll(async () => {
    ;[real, twin] = await Promise.all([BatchStage.start(), BatchStage.start('memory')])
  })
  afterAll(() => real?.stop())

  it.each([3, 6, 9])('a warehouse and its twin answer alike (seed %i)', async (seed) => {
    if (real === undefined || twin === undefined) throw new Error('The stages did not start.')
    await Promise.all([real.reset(), twin.reset()])
    const calls = new RandomCalls(randomOf(seed))
    const log: string[] = []
    for (let count = 0; count < 120; count++) {
      const call = calls.next()
      const [ofReal, ofTwin] = [await outcomeOf(real, call), await outcomeOf(twin, call)]
      expect({ log, what: call.what, outcome: ofTwin }).toEqual({ log, what: call.what, outcome: ofReal })
      log.push(call.what)
      if (isAnswer(ofReal)) calls.learn(call, ofReal.answer)
      ends[isAnswer(ofReal) ? 'answered' : 'rolledBack'] += 1
      if (call.what.startsWith('read') && isAnswer(ofReal))
        ends.cells += (ofReal.answer as { cells: readonly unknown[] }).cells.length
    }
  })

  it('that held for answers that say something, and for refusals', () => {
    expect(ends.answered).toBeGreaterThan(200)
    expect(ends.rolledBack).toBeGreaterThan(20)
    expect(ends.cells).toBeGreaterThan(50)
  })
})
