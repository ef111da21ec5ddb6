import type { MergeOp } from '../../../core/contribution.ts'
import { registerComponent } from '../../../core/state.ts'
import { RegisterMemory } from '../../../lambdas/speed/register-memory.ts'
import type { CountedCell } from '../../../stores/ledger/speed-ledger.ts'

/** A cell of registers, each with its rank. */
const cellOf = (country: string, ranks: readonly (readonly [number, number])[]): CountedCell => ({
  metric: 'players',
  version: 'v1',
  bucket: 0,
  dims: [country],
  components: new Map<string, { readonly op: MergeOp; readonly value: number }>([
    ['seen', { op: 'sum', value: ranks.length }],
    ...ranks.map(([index, value]) => [registerComponent(index), { op: 'max', value }] as const),
  ]),
})

const componentsOf = (cells: readonly CountedCell[]) => cells.map(({ components }) => [...components.keys()])

describe.each([
  ['few', 5],
  ['many', 3000],
])('of a cell with %s registers', (_, count) => {
  const all = Array.from({ length: count }, (_, place) => [place * 5, 1 + (place % 50)] as const)
  const memory = new RegisterMemory()
  memory.remember([cellOf('FR', all)])

  it('those that don’t rise are left out, and whatever is no register stays', () => {
    expect(componentsOf(memory.unwritten([cellOf('FR', all)]))).toEqual([['seen']])
    expect(componentsOf(memory.unwritten([cellOf('DE', all.slice(0, 2))]))).toEqual([['seen', 'r0', 'r5']])
  })

  it('those that rise or are new are written', () => {
    const changed = cellOf('FR', [
      ...all.slice(0, 2).map(([index, rank]) => [index, rank + 1] as const),
      [3, 1],
      [10, 1],
    ])
    expect(componentsOf(memory.unwritten([changed]))).toEqual([['seen', 'r0', 'r5', 'r3']])
  })

  it('a lower rank that comes later lowers nothing', () => {
    memory.remember([cellOf('FR', [[20, 1]])])
    expect(
      componentsOf(
        memory.unwritten([
          cellOf('FR', [
            [20, 5],
            [20, 2],
          ]),
        ]),
      ),
    ).toEqual([['seen']])
  })
})

it('forgets the longest unused cells past its bytes, and keeps a thousand full ones within 16 MB', () => {
  const full = Array.from({ length: 16_384 }, (_, index) => [index, 3] as const)
  const two = new RegisterMemory(2 * 16_384)
  two.remember([cellOf('FR', full), cellOf('DE', full)])
  two.remember([cellOf('FR', [[7, 3]])])
  two.remember([cellOf('IT', full)])
  const written = two.unwritten(['FR', 'DE', 'IT'].map((country) => cellOf(country, [[7, 3]])))
  expect(componentsOf(written)).toEqual([['seen'], ['seen', 'r7'], ['seen']])
})
