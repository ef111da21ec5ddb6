import { definitionOf, synthesize } from './synthesis.ts'

interface State {
  readonly Type: string
  readonly Next?: string
  readonly Default?: string
  readonly Choices?: readonly { Next: string }[]
  readonly Catch?: readonly { ErrorEquals: string[]; Next: string; ResultPath: string }[]
  readonly Retry?: readonly { ErrorEquals: string[] }[]
  readonly Parameters?: Readonly<Record<string, string>>
}
interface Definition {
  readonly StartAt: string
  readonly TimeoutSeconds: number
  readonly States: Readonly<Record<string, State>>
}

const timings = new Set(['Seconds', 'TimeoutSeconds', 'IntervalSeconds', 'MaxAttempts'])
const untimed = (definition: Definition): unknown =>
  JSON.parse(JSON.stringify(definition, (key, value) => (timings.has(key) ? 'TIME' : value)))

const definitions: Record<string, Definition> = {}
beforeAll(() => {
  for (const name of ['local', 'prod']) definitions[name] = definitionOf(synthesize(name)) as Definition
})
const at = (name: string): Definition => {
  const definition = definitions[name]
  if (definition === undefined) throw new Error(`${name} was not synthesized`)
  return definition
}
const tasks = (): [string, State][] => Object.entries(at('prod').States).filter(([, { Type }]) => Type === 'Task')

it('is one machine for both stages, timings aside', () => {
  expect(untimed(at('local'))).toEqual(untimed(at('prod')))
})

it('goes the ways that docs/architecture.md draws', () => {
  const ways = Object.entries(at('prod').States).map(([name, state]) => [
    name,
    [...(state.Choices ?? []).map(({ Next }) => Next), state.Default, state.Next].filter((next) => next !== undefined),
  ])
  expect(at('prod').StartAt).toBe('Seal')
  expect(Object.fromEntries(ways)).toEqual({
    Seal: ['WhatIsNew'],
    WhatIsNew: ['NothingNew', 'Busy', 'StartRecompute', 'StartLoad'],
    NothingNew: [],
    Busy: [],
    StartRecompute: ['WaitForRecompute'],
    WaitForRecompute: ['PollRecompute'],
    PollRecompute: ['IsPollRecomputeDone'],
    IsPollRecomputeDone: ['StartLoad', 'WaitForRecompute'],
    StartLoad: ['WaitForLoad'],
    WaitForLoad: ['PollLoad'],
    PollLoad: ['IsPollLoadDone'],
    IsPollLoadDone: ['Compare', 'WaitForLoad'],
    Compare: ['MayPromote'],
    MayPromote: ['Promote', 'Held'],
    Promote: ['Prune'],
    Prune: ['Done'],
    Done: [],
    Held: [],
    RecordFailure: ['Failed'],
    Failed: [],
  })
})

it('names each step after its state, and hands it the run', () => {
  for (const [name, { Parameters }] of tasks()) {
    expect(Parameters?.step).toBe(`${name.charAt(0).toLowerCase()}${name.slice(1)}`)
    if (name !== 'Seal') expect(Parameters?.['run.$']).toBe('$')
  }
  expect(at('prod').States.Seal?.Parameters).toEqual({
    step: 'seal',
    'executionName.$': '$$.Execution.Name',
    'startedAt.$': '$$.Execution.StartTime',
    'full.$': '$.full',
    'promote.$': '$.promote',
    'reloadDatasetId.$': '$.reloadDatasetId',
  })
})

it('retries every step, then records the failure with the run kept', () => {
  for (const [name, { Catch, Retry }] of tasks()) {
    expect([name, Retry?.map(({ ErrorEquals }) => ErrorEquals)]).toEqual([name, [['States.ALL']]])
    if (name === 'RecordFailure') expect(Catch).toMatchObject([{ ErrorEquals: ['States.ALL'], Next: 'Failed' }])
    else expect(Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'RecordFailure' }])
  }
})

it('ends even where a job never does', () => {
  expect(at('prod').TimeoutSeconds).toBe(6 * 3600)
})
