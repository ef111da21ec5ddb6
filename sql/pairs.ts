import { type CellsQuery, cellsSql } from './cells.ts'
import { stateColumn } from './finish.ts'
import { quoted } from './table.ts'

const [left, right, estimates, side] = [0, 1, 2, 3].map(stateColumn)

/** Where two metrics' answers stand side by side, and how many of the two are estimates. */
export const pairColumns = { left: `${left}`, right: `${right}`, estimates: `${estimates}` }

/**
 * Two metrics' cells side by side: bucket, the dimensions of `by`, and `pairColumns`; NULL where one has no such cell.
 * By UNION and GROUP BY, for a join tells no null from another. Both queries ask alike. Unordered.
 */
export const pairSql = (ofLeft: CellsQuery, ofRight: CellsQuery): string => {
  const columns = ['bucket', ...ofLeft.by.map(quoted)]
  const sided = [ofLeft, ofRight].map((query, place) => {
    const estimate = query.metric.measure.kind === 'countDistinct' ? 'CASE WHEN exact THEN 0 ELSE 1 END' : '0'
    return `SELECT ${place} AS ${side}, ${columns.join(', ')}, CAST(value AS DECIMAL(38, 0)) AS value, ${estimate} AS ${estimates}
FROM (\n${cellsSql(query)}\n) cells_${place}`
  })
  return `SELECT ${columns.join(', ')},
MAX(CASE WHEN ${side} = 0 THEN value END) AS ${left}, MAX(CASE WHEN ${side} = 1 THEN value END) AS ${right}, SUM(${estimates}) AS ${estimates}
FROM (\n${sided.join('\nUNION ALL\n')}\n) sides GROUP BY ${columns.join(', ')}`
}
