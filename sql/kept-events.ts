import type { MetricData } from '../core/model.ts'
import { refOf } from './entities.ts'
import { type Pin, statesSql, timestamp } from './states.ts'
import { quoted } from './table.ts'

interface KeptQuery {
  /** Conditions on columns as SQL, their values parameters. */
  readonly where: readonly string[]
  /** Epoch ms, half-open, on the starts of hours; null: unbounded. */
  readonly from: number | null
  readonly to: number | null
  readonly pin: Pin | null
  readonly limit: number
}

/** The events that sessions keep of one type: ref (the key), component and body. Unordered. */
export const keptSql = (keeper: MetricData, { where, from, to, pin, limit }: KeptQuery): string => {
  const conditions = [
    ...where,
    ...(from === null ? [] : [`bucket >= ${timestamp(from)}`]),
    ...(to === null ? [] : [`bucket < ${timestamp(to)}`]),
  ]
  const asked = conditions.length === 0 ? '' : `\nWHERE ${conditions.join(' AND ')}`
  return `SELECT ${quoted(refOf(keeper))} AS ref, component, body FROM (\n${statesSql(keeper, pin)}\n) states${asked}\nLIMIT ${limit}`
}
