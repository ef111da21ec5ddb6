/** A fault that the tables show when it was made: what to do to them, and how to undo it. */
export interface PlantedInTables {
  readonly name: string
  readonly plant: readonly string[]
  readonly undo: readonly string[]
}

/** Keeps a table as it was, and brings it back. */
const kept = (table: string): { readonly keep: string; readonly undo: readonly string[] } => {
  const copy = `speed.kept_${table.replace('.', '_')}`
  return {
    keep: `CREATE TABLE ${copy} AS SELECT * FROM ${table}`,
    undo: [`DELETE FROM ${table}`, `INSERT INTO ${table} SELECT * FROM ${copy}`, `DROP TABLE ${copy}`],
  }
}

const planted = (name: string, table: 'ledger.mark' | 'speed.rows', statement: string): PlantedInTables => {
  const { keep, undo } = kept(table)
  return { name, plant: [keep, statement], undo }
}

export const plantedInTables: readonly PlantedInTables[] = [
  planted('marks lie lower than batch reaches', 'ledger.mark', "UPDATE ledger.mark SET mark = LPAD('0', 64, '0')"),
  planted('marks lie higher than batch reaches', 'ledger.mark', "UPDATE ledger.mark SET mark = LPAD('9', 64, '9')"),
  planted(
    'a shard is without its mark',
    'ledger.mark',
    "DELETE FROM ledger.mark WHERE shard_id = 'shardId-000000000000'",
  ),
  planted(
    'a micro-batch’s rows are gone',
    'speed.rows',
    'DELETE FROM speed.rows WHERE sequence_number = (SELECT MAX(sequence_number) FROM speed.rows)',
  ),
  planted('rows of a retry came twice', 'speed.rows', 'INSERT INTO speed.rows SELECT * FROM speed.rows'),
  planted('null is written as an empty text', 'speed.rows', "UPDATE speed.rows SET dim_1 = '' WHERE dim_1 IS NULL"),
  planted('a backslash is lost on its way', 'speed.rows', "UPDATE speed.rows SET dim_1 = REPLACE(dim_1, CHR(92), '')"),
  planted(
    'values lose a tenth’s digit',
    'speed.rows',
    "UPDATE speed.rows SET value = value / 10 * 10 WHERE component = 'sum'",
  ),
  planted('buckets move by an hour', 'speed.rows', "UPDATE speed.rows SET bucket = bucket + INTERVAL '1 hour'"),
]
