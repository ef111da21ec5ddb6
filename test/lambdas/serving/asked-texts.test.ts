import { entity, event, metric, profile, score, sessions, z } from 'tidemark'
import { compileDefinitions } from '../../../core/compile.ts'
import { scoreCode } from '../../../core/definition/functions.ts'
import { loadHash64 } from '../../../core/hash.ts'
import type { Model } from '../../../core/model.ts'
import { route, type Serving } from '../../../lambdas/serving/routes.ts'

const payment = event('payment', { card: z.string() })
/** Nothing keeps its card: it is scored, and counted nowhere. */
const attempt = event('attempt', { card: z.string() })
const cards = profile('cards', { payments: payment.count() }, { by: ['card'], over: '1d' })
const definitions = {
  payments: metric('payments', payment.count(), { by: ['card'], per: 'hour', live: '1h' }),
  cards,
  accounts: entity('accounts', payment, { ref: 'card', latest: 'at' }),
  visits: sessions('visits', [payment], { by: 'card', gap: '1h', longest: '1d' }),
  risk: score('risk', attempt, { profiles: { cards }, rule: () => ({ score: 0, because: [] }) }),
}
const at = Date.parse('2026-01-02T10:00:00Z')

/** What the stores are asked, before they answer. */
class Asked extends Error {
  readonly question: unknown

  constructor(question: unknown) {
    super('asked')
    this.question = question
  }
}

describe('a text that is asked for', () => {
  let model: Model
  beforeAll(async () => {
    model = compileDefinitions(definitions, await loadHash64(), {}, { [scoreCode('risk')]: 'x' })
  })

  /** The question that reaches the states. */
  const asked = async (path: string, query: Record<string, string> = {}, body?: string): Promise<unknown> => {
    const refuse = (question: unknown): never => {
      throw new Asked(question)
    }
    const answers = { readEntity: refuse, readWholes: refuse, readKept: refuse, readCells: refuse, read: refuse }
    const serving = { model: model.data, answers, now: () => at, code: async () => model } as unknown as Serving
    try {
      await route(serving, path, new URLSearchParams(query), body)
    } catch (error) {
      if (error instanceof Asked) return error.question
      throw error
    }
    throw new Error('Nothing was asked.')
  }

  it('is asked without the blanks at its end, as texts are kept', async () => {
    expect(await asked('/v1/entities/accounts/a%20b%20%20')).toMatchObject({ ref: 'a b' })
    const where = [{ dimension: 'card', value: 'a b' }]
    expect(await asked('/v1/profiles/cards/a%20b%20')).toMatchObject([{ where }])
    expect(await asked('/v1/sessions/visits/a%20b%20')).toMatchObject({ key: 'a b' })
    const text = JSON.stringify({ type: 'attempt', at, card: 'a b ' })
    expect(await asked('/v1/scores/risk', {}, text)).toMatchObject([{ where }])
  })
})
