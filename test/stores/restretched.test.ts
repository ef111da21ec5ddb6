import { restretched } from '../../stores/ledger/exclusion-ledger.ts'
import { streamStart } from '../../stores/ledger/speed-ledger.ts'

const place = (number: number): string => String(number).padStart(64, '0')
const stretches = (...pairs: [number, number][]) =>
  pairs.map(([above, revision]) => ({ shardId: 's', above: place(above), revision }))
const replaced = (from: number, to: number) => ({ shardId: 's', from: place(from), to: place(to) })

describe('stretches, once a part is counted anew', () => {
  it.each([
    ['within the first', stretches([9, 1]), replaced(3, 5), stretches([3, 1], [5, 0], [9, 1])],
    ['up to where the newest begins', stretches([9, 1]), replaced(3, 9), stretches([3, 1])],
    ['beyond where the newest begins', stretches([9, 1]), replaced(3, 12), stretches([3, 1])],
    ['all within the newest', stretches([9, 1]), replaced(10, 12), stretches([9, 1])],
    ['next to one counted anew before', stretches([5, 1], [7, 0], [9, 1]), replaced(7, 9), stretches([5, 1])],
    [
      'over several',
      stretches([2, 3], [4, 2], [6, 3], [9, 1]),
      replaced(3, 8),
      stretches([2, 3], [3, 1], [8, 3], [9, 1]),
    ],
  ])('%s', (_, own, part, left) => {
    expect(restretched(own, part, 1)).toEqual(left)
  })

  it('from the start of a shard, back to nothing excluded', () => {
    const own = [{ shardId: 's', above: streamStart, revision: 1 }, ...stretches([9, 2])]
    expect(restretched(own, { shardId: 's', from: '', to: place(9) }, 0)).toEqual(stretches([9, 2]))
  })
})
