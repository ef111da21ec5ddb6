import type { Committed, TableName, Tables } from './memory-tables.ts'

/** One table within a transaction: its snapshot, and what the transaction did to it. */
class TableDraft<Row extends object> {
  readonly #snapshot: readonly Row[]
  readonly #removed = new Set<Row>()
  #added: Row[] = []

  constructor(snapshot: readonly Row[]) {
    this.#snapshot = snapshot
  }

  /** The rows as the transaction sees them, its own writes included. */
  rows(): readonly Row[] {
    if (this.#removed.size === 0 && this.#added.length === 0) return this.#snapshot
    return [...this.#snapshot.filter((row) => !this.#removed.has(row)), ...this.#added]
  }

  insert(...rows: readonly Row[]): void {
    this.#added.push(...rows)
  }

  delete(where: (row: Row) => boolean): void {
    this.update(where, () => null)
  }

  /** @param to the row in its place; null: none. An error that it throws is the transaction's */
  update(where: (row: Row) => boolean, to: (row: Row) => Row | null): void {
    const found = this.rows().filter(where)
    if (found.length === 0) return
    const written = found.flatMap((row) => to(row) ?? [])
    const own = new Set(this.#added)
    for (const row of found) if (!own.delete(row)) this.#removed.add(row)
    this.#added = [...own, ...written]
  }

  /** The table once this is committed onto it; null where a row that this changes was changed since the snapshot. */
  onto(current: readonly Row[]): readonly Row[] | null {
    if (this.#removed.size === 0) return this.#added.length === 0 ? current : [...current, ...this.#added]
    const kept = current.filter((row) => !this.#removed.has(row))
    if (kept.length !== current.length - this.#removed.size) return null
    return [...kept, ...this.#added]
  }
}

/** A transaction that is not committed: a snapshot of all tables, and its own writes over it. */
export class Draft {
  readonly #snapshot: Committed
  readonly #tables = new Map<TableName, TableDraft<object>>()

  constructor(snapshot: Committed) {
    this.#snapshot = snapshot
  }

  table<Name extends TableName>(name: Name): TableDraft<Tables[Name]> {
    const held = this.#tables.get(name)
    if (held !== undefined) return held as TableDraft<Tables[Name]>
    const made = new TableDraft<Tables[Name]>(this.#snapshot[name])
    this.#tables.set(name, made as unknown as TableDraft<object>)
    return made
  }

  /** What stands once this is committed onto it, or the table in which another was first. */
  onto(current: Committed): { readonly committed: Committed } | { readonly conflict: TableName } {
    const written: Partial<Record<TableName, readonly object[]>> = {}
    for (const [name, draft] of this.#tables) {
      const rows = draft.onto(current[name])
      if (rows === null) return { conflict: name }
      written[name] = rows
    }
    return { committed: { ...current, ...(written as Partial<Committed>) } }
  }
}
