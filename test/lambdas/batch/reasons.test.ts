import { reasonsOf } from '../../../lambdas/batch/reasons.ts'

const difference = { bucket: 0, rowsMissing: 1, rowsExtra: 1, rowsChanged: 0, servedValue: 5n, builtValue: 5n }
const account = { things: { '0': { records: 1, sum: '1', min: null, max: '1' } } }
const facts = {
  served: { datasetId: '', marks: {}, positions: {}, duplicatesWindowMs: 0, ancestors: {} },
  duplicate: account,
  behind: account,
  excluded: {},
  included: {},
} as unknown as Parameters<typeof reasonsOf>[2]

it('are all of a difference where each side, with what it lacks, comes to the same', () => {
  const measure = { kind: 'count', unit: 'things' } as const
  expect(reasonsOf({ name: 'things', measure }, difference, facts)).toEqual(['duplicate', 'behind'])
  expect(reasonsOf({ name: 'things', measure }, { ...difference, builtValue: 4n }, facts)).toContain('unknown')
})

it('are never all of what an entity’s versions differ by: their count says too little', () => {
  const measure = { kind: 'latest', latest: 'at', deleted: null, unit: 'versions' } as const
  expect(reasonsOf({ name: 'things', measure }, difference, facts)).toEqual(['duplicate', 'behind', 'unknown'])
})
