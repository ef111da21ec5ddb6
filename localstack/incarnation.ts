import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A store that keeps the stage's incarnation beside its data, and so loses it with them. */
export interface MarkedStore {
  /** As a message says it: `the warehouse (PostgreSQL)`. */
  readonly name: string
  /** What the stage would do wrong if it went on without this store's data. */
  readonly loss: string
  /** The id it holds; null where it holds none, or does not exist yet. */
  read(): Promise<string | null>
  write(id: string): Promise<void>
}

/** Stores that don't belong together: some lost their state, or hold that of another stage. */
export class IncarnationMixed extends Error {
  override readonly name = 'IncarnationMixed'
}

interface Note {
  readonly id: string
  /** False while the stores are being marked: one of them without a mark is then no loss. */
  readonly complete: boolean
}

const noteFile = (home: string) => join(home, 'incarnation')

const readNote = (home: string): Note | undefined => {
  try {
    const [id = '', state] = readFileSync(noteFile(home), 'utf8').trim().split(' ')
    return { id, complete: state !== 'incomplete' }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const writeNote = (home: string, { id, complete }: Note): void => {
  mkdirSync(home, { recursive: true })
  writeFileSync(noteFile(home), complete ? `${id}\n` : `${id} incomplete\n`)
}

/**
 * Checks that all stores are of one incarnation, or that all are empty.
 * @throws IncarnationMixed naming each store that is not, and what that means.
 */
export const checkIncarnation = async (home: string, stores: readonly MarkedStore[]): Promise<void> => {
  const note = readNote(home)
  const found = await Promise.all(stores.map(async (store) => ({ store, id: await store.read() })))
  const isFresh = note === undefined && found.every(({ id }) => id === null)
  if (isFresh) return
  const misfits = found.filter(({ id }) => (id === null ? note === undefined || note.complete : id !== note?.id))
  if (misfits.length === 0) return
  // Without the note nobody knows which of the stores that hold a mark is right.
  const problems =
    note === undefined
      ? found
          .filter(({ id }) => id !== null)
          .map(({ store }) => `${store.name} holds the state of a stage whose note in ${home} is gone.`)
      : misfits.map(({ store, id }) =>
          id === null
            ? `${store.name} has lost its state: ${store.loss}.`
            : `${store.name} holds the state of another stage (${id}, not ${note.id}): ${store.loss}.`,
        )
  throw new IncarnationMixed(
    `The stage's stores no longer belong together.\n${problems.map((each) => `  ${each}`).join('\n')}\nNothing was changed. Start anew, with everything empty: \`tidemark local reset\`, then \`tidemark local up\`.`,
  )
}

/** Marks every store with this stage's incarnation. Call only after `checkIncarnation` passed. */
export const markIncarnation = async (
  home: string,
  stores: readonly MarkedStore[],
  newId: () => string = randomUUID,
): Promise<void> => {
  const note = readNote(home)
  if (note?.complete) return
  const id = note?.id ?? newId()
  writeNote(home, { id, complete: false })
  for (const store of stores) await store.write(id)
  writeNote(home, { id, complete: true })
}
