import { speedRows, text } from './states.ts'

/** Which speed rows are compared with a replay's: those of its stretches. Shards and places are checked before. */
interface ComparedStretch {
  readonly shardId: string
  readonly from: string
  readonly to: string
}

/**
 * How the speed rows that are served differ from a replay's output, by metric and bucket: combinations of dimensions and
 * component that are equal, have another value, are missing among those served, or are there and shouldn't be. A register
 * counts where the served one is higher: those that are served may leave out what an earlier row or the batch holds.
 */
export const replayComparisonSql = (outputId: string, stretches: readonly ComparedStretch[]): string => {
  const places = speedRows.columns.map(({ name }) => name).filter((name) => !notPlaces.has(name))
  const keys = places.join(', ')
  const merged =
    "CASE WHEN component = 'min' THEN MIN(value) WHEN component = 'max' OR component LIKE 'r%' THEN MAX(value) ELSE SUM(value) END"
  const within = stretches.map(
    ({ shardId, from, to }) =>
      `(shard_id = ${text(shardId)} AND sequence_number > ${text(from)} AND sequence_number <= ${text(to)})`,
  )
  const isRegister = "component LIKE 'r%'"
  const count = (condition: string): string => `SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END)`
  const isMissing = `served IS NULL AND NOT ${isRegister}`
  const isChanged = `served <> replayed AND (NOT ${isRegister} OR served > replayed)`
  return `SELECT metric, bucket,
${count(`replayed IS NOT NULL AND NOT (${isMissing}) AND NOT COALESCE(${isChanged}, FALSE)`)} AS rows_equal,
${count(isChanged)} AS rows_changed, ${count(isMissing)} AS rows_missing, ${count('replayed IS NULL')} AS rows_extra
FROM (
SELECT ${keys}, MAX(CASE WHEN side = 'served' THEN value END) AS served, MAX(CASE WHEN side = 'replayed' THEN value END) AS replayed
FROM (
SELECT 'served' AS side, ${keys}, ${merged} AS value FROM speed.rows WHERE ${within.join(' OR ')} GROUP BY ${keys}
UNION ALL
SELECT 'replayed' AS side, ${keys}, ${merged} AS value FROM speed.replayed WHERE output_id = ${text(outputId)} GROUP BY ${keys}
) both_sides GROUP BY ${keys}
) sides GROUP BY metric, bucket ORDER BY metric, bucket`
}

const notPlaces = new Set(['value', 'shard_id', 'sequence_number'])
