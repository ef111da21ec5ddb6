import type { MemoryWarehouse } from '../warehouse/memory.ts'
import type { Draft } from '../warehouse/memory-draft.ts'
import type { Tables } from '../warehouse/memory-tables.ts'
import { sqlTime } from '../warehouse/sql-time.ts'
import {
  type ExclusionEntry,
  type ExclusionLedger,
  type ExclusionStretch,
  type NewExclusion,
  restretched,
  type Undoing,
} from './exclusion-ledger.ts'

/** The exclusion ledger in memory: what the SQL adapter does, under the same contract tests. */
export class MemoryExclusionLedger implements ExclusionLedger {
  readonly #warehouse: MemoryWarehouse

  constructor(warehouse: MemoryWarehouse) {
    this.#warehouse = warehouse
  }

  async entries(): Promise<ExclusionEntry[]> {
    return this.#warehouse.committed.exclusion.toSorted((a, b) => a.id - b.id).map(entryOf)
  }

  add({ requestId, madeAt, ...rest }: NewExclusion): Promise<number> {
    return this.#warehouse.transactLocked('add exclusion', (draft) => {
      const rows = draft.table('exclusion')
      const known = rows.rows().find((row) => row.requestId === requestId)
      if (known !== undefined) return known.id
      const id = nextRevision(draft)
      rows.insert({ ...rest, id, requestId, madeAt, undone: null })
      return id
    })
  }

  undo(id: number, { reason, by, at }: Undoing): Promise<number | null> {
    return this.#warehouse.transactLocked('undo exclusion', (draft) => {
      const rows = draft.table('exclusion')
      const known = rows.rows().find((row) => row.id === id)
      if (known === undefined) return null
      const undone = known.undone ?? { revision: nextRevision(draft), reason, by, at }
      if (known.undone === null)
        rows.update(
          (row) => row.id === id,
          (row) => ({ ...row, undone }),
        )
      return undone.revision
    })
  }

  async inForce(): Promise<number> {
    return this.#warehouse.committed.exclusionRevision[0]?.revision ?? 0
  }

  async enforce(revision: number): Promise<void> {
    await this.#warehouse.transactLocked('enforce exclusions', (draft) => {
      const rows = draft.table('exclusionRevision')
      if (rows.rows().length === 0) rows.insert({ revision: 0 })
      rows.update(
        (row) => row.revision < revision,
        () => ({ revision }),
      )
    })
  }

  async stretches(): Promise<ExclusionStretch[]> {
    const order = ({ shardId, above }: ExclusionStretch): string => `${shardId} ${above}`
    return this.#warehouse.committed.exclusionEdge.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
  }
}

/** Notes that a part of a shard's records is counted under a revision. */
export const restretch = (
  draft: Draft,
  part: { readonly shardId: string; readonly from: string; readonly to: string },
  revision: number,
): void => {
  const stretches = draft.table('exclusionEdge')
  const own = stretches.rows().filter(({ shardId }) => shardId === part.shardId)
  const inOrder = own.toSorted((a, b) => (a.above < b.above ? -1 : 1))
  stretches.delete(({ shardId }) => shardId === part.shardId)
  stretches.insert(...restretched(inOrder, part, revision))
}

const nextRevision = (draft: Draft): number =>
  1 +
  Math.max(
    0,
    ...draft
      .table('exclusion')
      .rows()
      .map(({ id, undone }) => Math.max(id, undone?.revision ?? 0)),
  )

const entryOf = ({ madeAt, undone, ...row }: Tables['exclusion']): ExclusionEntry => ({
  ...row,
  madeAt: sqlTime(madeAt),
  undone: undone === null ? null : { ...undone, at: sqlTime(undone.at) },
})
