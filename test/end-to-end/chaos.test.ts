import { type ChaosResult, ChaosStory } from '../chaos/story.ts'
import { StageUnderTest } from './stage-under-test.ts'

/** The chaos run in small (`npm run test:chaos` is the long one): each kind of part is killed once, Spark while it recomputes. */
describe('a stage whose parts are killed', () => {
  const lines: string[] = []
  let stage: StageUnderTest
  let result: ChaosResult | undefined

  beforeAll(async () => {
    stage = await StageUnderTest.create()
    await stage.tidemark('local', 'up', '--definitions', 'test/chaos/definitions')
    const options = { seed: 20_130_101, minutes: 0.5, rate: 60, length: 'short' as const }
    const story = new ChaosStory(stage, await stage.connect(), { ...options, say: (line) => lines.push(line) })
    try {
      result = await story.tell()
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}\nUntil then:\n${lines.join('\n')}`, {
        cause: error,
      })
    }
  })

  afterAll(async () => {
    await stage?.end()
  })

  it('answers every figure as the recount does', () => {
    expect(result?.differences).toEqual([])
    const last = result?.figures.filter(({ check }) => check === 'all recomputed') ?? []
    expect(last.map(({ metric }) => metric)).toEqual([
      ...['orders', 'revenue', 'smallest', 'most_pieces', 'customers', 'rejected'],
    ])
    expect(last.every(({ cells }) => cells > 0)).toBe(true)
  })

  it('archives every record that was accepted, once', () => {
    const { sent, archived } = result ?? {}
    expect(sent?.accepted).toBeGreaterThan(1000)
    expect(archived?.records.length).toBe((sent?.accepted ?? 0) + (archived?.unknownIn ?? 0))
  })

  it('was killed in every part, and came back', () => {
    const killed = result?.happened.filter(({ healthyAfterS }) => healthyAfterS !== null).map(({ what }) => what) ?? []
    for (const part of ['function workers', 'poller', 'PostgreSQL', 'Valkey, its append-only file lost', 'Spark'])
      expect(killed.some((what) => what.includes(part))).toBe(true)
  })
})
