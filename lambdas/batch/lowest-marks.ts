import type { Control, Marks } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'

/** For each shard the lowest mark of the datasets that stand in a slot, or are on their way into one. */
export const lowestMarksInSlots = async ({ ledger }: Pick<Batch, 'ledger'>, control: Control): Promise<Marks> => {
  const kept = Object.values(control.slots).filter(({ state }) => state !== 'empty')
  return lowestMarks(await Promise.all(kept.map(({ datasetId }) => ledger.marks(datasetId))))
}

/** For each shard the lowest mark of all; a shard that one of them lacks is needed whole, so it has none. */
const lowestMarks = (all: readonly Marks[]): Marks => {
  const [first = {}, ...others] = all
  return Object.fromEntries(
    Object.entries(first).flatMap(([shardId, mark]) => {
      const marks = [mark, ...others.map((other) => other[shardId] ?? '')]
      const [lowest = ''] = marks.sort()
      return lowest === '' ? [] : [[shardId, lowest]]
    }),
  )
}
