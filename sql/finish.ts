import type { MeasureData, MetricData } from '../core/model.ts'
import { limbWeights, squareComponents } from '../core/moments.ts'

/** The column of a measure's component, by its place in `fixedComponents`, where a measure has several. */
export const stateColumn = (place: number): string => `state_${place}`

/** A metric's value in its view, from the columns that `cellsSql` answers: `answerOf` of core/answer.ts in SQL. */
export const finishedValue = ({ measure }: MetricData): string => {
  switch (measure.kind) {
    case 'mean':
      return unscaledDouble(`CAST(cells.${stateColumn(1)} AS DOUBLE PRECISION) / cells.${stateColumn(0)}`, measure)
    case 'stddev':
      return unscaledDouble(stddevSql, measure)
    case 'quantile':
      return unscaledDouble(representativeSql, measure)
    case 'histogram':
      return listSql(measure.edges.length + 1)
    default:
      return unscaledDecimal(measure)
  }
}

/** A list of counts as JSON text, which both dialects can take apart again. */
const listSql = (length: number): string =>
  `'[' || ${Array.from({ length }, (_, place) => `CAST(cells.${stateColumn(place)} AS VARCHAR(40))`).join(" || ', ' || ")} || ']'`

/** Decimals come back from scaled integers exactly: by multiplication, which neither dialect rounds. */
const unscaledDecimal = (measure: MeasureData): string => {
  const scale = 'scale' in measure ? measure.scale : 0
  if (scale === 0) return 'CAST(cells.value AS BIGINT)'
  return `CAST(cells.value AS DECIMAL(19, 0)) * CAST(${(10 ** -scale).toFixed(scale)} AS DECIMAL(${scale + 1}, ${scale}))`
}

/** A division's decimals are not the same in both dialects, so what is divided is a double: exact to 15 digits. */
const unscaledDouble = (value: string, { scale }: { readonly scale: number }): string =>
  scale === 0 ? value : `${value} / CAST(${10 ** scale} AS DOUBLE PRECISION)`

const whole = (place: number): string => `CAST(cells.${stateColumn(place)} AS DECIMAL(38, 0))`

const squares = squareComponents
  .map((_, limb) => `${whole(limb + 2)}${limb === 0 ? '' : ` * CAST('${limbWeights[limb]}' AS DECIMAL(38, 0))`}`)
  .join(' + ')

/**
 * Exact up to the root. Redshift's decimals hold 38 digits and fail beyond, so that there the count times the largest
 * (scaled) value must stay below 10^19; the HTTP API has no such limit.
 */
const stddevSql = `SQRT(CAST(${whole(0)} * (${squares}) - ${whole(1)} * ${whole(1)} AS DOUBLE PRECISION)) / cells.${stateColumn(0)}`

/** `representative` of core/log-buckets.ts by doubles: exact to 9 digits, of a value that is itself within 1%. */
const gamma = 'CAST(101 AS DOUBLE PRECISION) / 99'
const least = `(FLOOR(POWER(${gamma}, ABS(cells.value) - 2)) + 1)`
const greatest = `LEAST(FLOOR(POWER(${gamma}, ABS(cells.value) - 1)), CAST(${Number.MAX_SAFE_INTEGER} AS DOUBLE PRECISION))`
const representativeSql = `CASE WHEN cells.value = 0 THEN 0 ELSE SIGN(cells.value) * 2 * ${least} * ${greatest} / (${least} + ${greatest}) END`
