import { MemoryWarehouse } from '../../../stores/warehouse/memory.ts'
import type { Draft } from '../../../stores/warehouse/memory-draft.ts'
import type { Isolated, Open, Row, Write } from './isolation-contract.ts'

type Table = ReturnType<typeof tableOf>
const tableOf = (draft: Draft) => draft.table('pruned')

const apply = (table: Table, write: Write): void => {
  if (write.kind === 'delete') table.delete(({ shardId }) => shardId === write.shardId)
  else if (write.kind === 'update')
    table.update(
      ({ shardId, prunedTo }) => shardId === write.shardId && prunedTo === (write.from ?? prunedTo),
      (row) => ({ ...row, prunedTo: write.to }),
    )
  // A row of its own: the twin tells rows apart by which object they are.
  else if (lets(table.rows(), write.where)) table.insert({ ...write.row })
}

const lets = (rows: readonly Row[], where: Extract<Write, { kind: 'insert' }>['where']): boolean => {
  if (where === undefined) return true
  if ('none' in where) return rows.every(({ shardId }) => shardId !== where.none)
  const { shardId, prunedTo } = where.one
  return rows.some((row) => row.shardId === shardId && row.prunedTo === prunedTo)
}

const inOrder = (rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => (`${a.shardId} ${a.prunedTo}` < `${b.shardId} ${b.prunedTo}` ? -1 : 1))

/** Closed until it is opened. */
class Gate {
  open = (): void => undefined
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve
  })
}

/** The twin's transactions, each held before each of its statements. */
export class IsolatedInMemory implements Isolated {
  readonly #warehouse = new MemoryWarehouse()

  async stop(): Promise<void> {
    // Nothing runs.
  }

  async rows(): Promise<Row[]> {
    return inOrder(this.#warehouse.committed.pruned)
  }

  clear(): Promise<void> {
    return this.#warehouse.transact('clear', (draft) => tableOf(draft).delete(() => true))
  }

  async begin(...writes: readonly Write[]): Promise<Open> {
    const held = writes.map((write) => ({ write, gate: new Gate() }))
    const last = new Gate()
    const run = this.#warehouse.transact('begun', async (draft) => {
      const before = inOrder(tableOf(draft).rows())
      for (const { write, gate } of held) {
        await gate.opened
        apply(tableOf(draft), write)
      }
      await last.opened
      return { before, after: inOrder(tableOf(draft).rows()) }
    })
    // It may be rolled back before anybody asks how it ended.
    run.catch(() => undefined)
    const gates = held.map(({ gate }) => gate)
    return {
      step: () => {
        gates.shift()?.open()
        return new Promise((resolve) => setImmediate(resolve))
      },
      end: () => {
        for (const gate of [...gates.splice(0), last]) gate.open()
        return run
      },
    }
  }
}
