/** One record's values in the order of the target's columns; null is SQL's NULL. */
export type TextRecord = (string | null)[]

/** Reads one file's text, which comes in pieces. */
export interface RecordReader {
  /** The records that end in this piece; the last piece ends them all. Throws a StatementError for one that can't be read. */
  read(text: string, isLast: boolean): Iterable<TextRecord>
}
