import { resourcesOf, synthesize } from '../../lib/synthesis.ts'
import { toldByTheStage } from '../environment.ts'

const answers: unknown[] = []
jest.mock('#model', () => ({ loadModel: async () => ({ data: { version: '0123456789ab' } }) }), { virtual: true })
jest.mock('../../../lambdas/batch/steps.ts', () => ({
  isReading: () => false,
  runStep: async () => {
    const answer = answers.shift()
    if (answer instanceof Error) throw answer
    return answer
  },
}))

describe('the batch function’s log', () => {
  toldByTheStage()
  const lines: string[] = []
  let handler: (request: object) => Promise<unknown>
  beforeAll(async () => {
    ;({ handler } = (await import('../../../lambdas/batch/handler.ts')) as unknown as { handler: typeof handler })
  })
  beforeEach(() => {
    lines.length = 0
    for (const level of ['log', 'error'] as const)
      jest.spyOn(console, level).mockImplementation((...line: unknown[]) => void lines.push(line.join(' ')))
  })
  afterEach(() => jest.restoreAllMocks())

  /** What the function writes of a step that answers so. */
  const logged = async (step: string, answer: unknown): Promise<string> => {
    answers.push(answer)
    await handler({ step }).catch(() => undefined)
    return lines.pop() ?? ''
  }
  const run = { datasetId: 'ds-1', executionName: 'one', promote: true, rollback: false }
  const beyond = [
    'sales: 40% of its rows differ from what is served, 5% may; most in 2026-01-02 (served 3, built 2: unknown).',
  ]

  it('says of each step what comes next', async () => {
    expect(JSON.parse(await logged('seal', { ...run, next: 'nothing' }))).toEqual({
      message: 'step done',
      step: 'seal',
      next: 'nothing',
      durationMs: expect.any(Number),
    })
    expect(JSON.parse(await logged('compare', { ...run, next: 'hold', beyond }))).toMatchObject({
      next: 'hold',
      beyond,
    })
    for (const answer of [null, [], { datasets: [] }])
      expect(Object.keys(JSON.parse(await logged('datasets', answer)))).toEqual(['message', 'step', 'durationMs'])
  })

  it('is what the alarm of held recomputes is counted by: drift, and nothing else', async () => {
    const filters = resourcesOf(synthesize('prod').stateless, 'AWS::Logs::MetricFilter')
    expect(filters).toHaveLength(1)
    const pattern: string = filters[0]?.[1].Properties.FilterPattern
    // Each term stands in double quotes, those within it behind a backslash.
    const terms = [...pattern.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, term = '']) => term.replaceAll(/\\(.)/g, '$1'))
    const counts = (line: string): boolean => terms.every((term) => line.includes(term))
    const held = { ...run, next: 'hold', beyond }
    expect(counts(await logged('compare', held))).toBe(true)
    expect(counts(await logged('compare', { ...held, promote: false }))).toBe(true)
    expect(counts(await logged('compare', { ...held, promote: false, beyond: [] }))).toBe(false)
    expect(counts(await logged('compare', { ...run, next: 'hold', rollback: true, promote: false }))).toBe(false)
    expect(counts(await logged('compare', { ...run, next: 'promote', beyond: [] }))).toBe(false)
    expect(counts(await logged('compare', new Error(JSON.stringify(held))))).toBe(false)
    expect(lines).toEqual([])
  })
})
