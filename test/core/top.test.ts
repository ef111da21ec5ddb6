import { topOf } from '../../core/top.ts'

const rows = (...values: (number | string | null)[]) => values.map((value, at) => ({ at, value }))
const places = (values: (number | string | null)[], top: number) => topOf(rows(...values), top).rows.map(({ at }) => at)

describe('the greatest rows', () => {
  it('come greatest first, ties as they came, those without a value last', () => {
    expect(places([2, 9, 9, null, 10], 4)).toEqual([4, 1, 2, 0])
    expect(places([null, -1], 2)).toEqual([1, 0])
  })
  it('are told apart to the last digit', () => {
    expect(places(['9.99', '10.00', '-10.00'], 3)).toEqual([1, 0, 2])
    expect(places(['9007199254740993', 9007199254740991, '9007199254740994'], 1)).toEqual([2])
    expect(places(['-0.05', '0.04', '-0.06'], 3)).toEqual([1, 0, 2])
  })
  it('say how many were left out', () => {
    expect(topOf(rows(1, 2, 3), 2).leftOut).toBe(1)
    expect(topOf(rows(1), 2).leftOut).toBe(0)
  })
})
