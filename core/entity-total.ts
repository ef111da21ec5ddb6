import { type AnsweredValue, answeredValue, answerOf, type MergedValue } from './answer.ts'
import { matcher, partsOf } from './contributor.ts'
import { rowOf } from './entity.ts'
import type { Hash64 } from './hash.ts'
import { mergeWide } from './merge.ts'
import type { EventData, MeasureData, TotalData } from './model.ts'
import type { Row } from './record.ts'

/** Distinct values are counted themselves, so no register is looked at. */
const unhashed: Hash64 = () => 0n

/**
 * What an entity's children come to as they are now: each total measures the latest versions, as a metric measures
 * events, by the same contributions, merged the same way. Distinct values are counted exactly.
 * @param children what each child says, as `toldBy` has it
 */
export const totalOf = (
  { measure, where }: TotalData,
  event: Pick<EventData, 'fields'>,
  children: readonly Readonly<Record<string, unknown>>[],
): AnsweredValue => {
  const rows = children.map((told) => rowOf(event, told)).filter(matcher(where))
  return answeredValue(measure, measured(measure, rows))
}

/** What a measure comes to over rows that are all at hand; null: of nothing. Distinct values are counted exactly. */
export const measured = (measure: MeasureData, rows: readonly Row[]): MergedValue | null => {
  const partsOfRow = partsOf({ measure }, unhashed)
  const parts = rows.flatMap((row) => partsOfRow(row, 'batch', null))
  if (measure.kind === 'countDistinct')
    return BigInt(new Set(parts.flatMap(({ component, distinct }) => (distinct === true ? [component] : []))).size)
  const state = new Map<string, bigint>()
  for (const { component, op, value } of parts) {
    const held = state.get(component)
    state.set(component, held === undefined ? BigInt(value) : mergeWide(op, held, BigInt(value)))
  }
  return answerOf(measure, state).value
}
