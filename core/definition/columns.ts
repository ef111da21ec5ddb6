import { fieldOf, type MetricData } from '../model.ts'
import { keepsLocalDay, localDay } from '../zoned-metric.ts'

/** PostgreSQL cuts names at 63 bytes; Redshift's may have 127. */
const maxColumnBytes = 63
/** What stands beside dimensions in the tables of states, in what queries make of them, and in views. */
const takenColumns = new Set(['bucket', 'component', 'value', 'body', 'exact', 'dataset_id', 'layer'])
/** Columns of a merged state inside of views (`sql/finish.ts`), which a dimension of that name would hide. */
const stateColumnPattern = /^state_\d+$/
/** Each table has them already, and quotes don't help: PostgreSQL's (Redshift's have `oid` too), and Redshift's two. */
const systemColumns = new Set(['oid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax', 'ctid', 'insertxid', 'deletexid'])
/** Keywords are quoted; no quotes help a `"` in Redshift, a `:` is a parameter's, and `,` and `=` part what is asked. */
const columnPattern = /^[\p{L}\p{N}_$. -]+$/u

/** A keeper's dimensions are columns of its tables and its view. @throws where one can't be */
export const refuseColumns = ({ name, by, ...placed }: MetricData): void => {
  const at = `Metric ${name}`
  for (const dimension of by)
    if (!columnPattern.test(dimension.name))
      throw new Error(
        `${at}: ${JSON.stringify(fieldOf(dimension))} can't be a column's name, which is of letters, digits, spaces and _ - . $ alone; rename the field, or derive one of another name.`,
      )
  const columns = by.map((dimension) => dimension.name.toLowerCase())
  const twin = columns.find((column, place) => columns.indexOf(column) < place)
  if (twin !== undefined)
    throw new Error(
      `${at}: two dimensions would both be the column ${twin} (a dot becomes _, and SQL knows no case); leave one out or rename its field.`,
    )
  for (const column of columns) {
    if (Buffer.byteLength(column) > maxColumnBytes)
      throw new Error(
        `${at}: the dimension ${column} is longer than the ${maxColumnBytes} bytes of a column's name; shorten the field's.`,
      )
    if (takenColumns.has(column) || stateColumnPattern.test(column) || (column === localDay && keepsLocalDay(placed)))
      throw new Error(
        `${at}: a dimension can't be called ${column}; its tables and views have such a column already. Rename the field, or derive one of another name.`,
      )
    if (systemColumns.has(column))
      throw new Error(
        `${at}: a dimension can't be called ${column}, which is the warehouse's own column of every table. Rename the field, or derive one of another name.`,
      )
  }
}
