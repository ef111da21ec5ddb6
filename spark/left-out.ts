import { type Exclusion, excluder, type IsExcluded } from '../core/exclusion.ts'
import type { ModelData } from '../core/model.ts'
import type { Decoded } from '../core/record.ts'
import type { Served, ServedExclusions } from './specification.ts'

/** What the job tells the worker of the exclusions. */
export interface LeftOutInput {
  /** The revision of the dataset that is made. */
  readonly revision: number
  /** What each revision named here leaves out; 0 leaves out nothing, and has no set. */
  readonly sets: Readonly<Record<string, readonly Exclusion[]>>
  /** null: the job was not told what is served; then it is taken to leave out the same. */
  readonly served:
    | (Pick<Served, 'marks'> & { readonly exclusions: Pick<ServedExclusions, 'dataset' | 'stretches'> })
    | null
}

interface Place {
  readonly shardId: string
  readonly sequenceNumber: string
}

/** Whether a record is left out of the dataset that is made (`here`), and of what is served (`there`). */
export type LeftOut = (place: Place, decoded: Decoded) => { readonly here: boolean; readonly there: boolean }

const neither = { here: false, there: false } as const

export const nothingLeftOut: LeftOut = () => neither

/** @throws where a revision is named that no set is given of: it must not be taken to leave out nothing */
export const leftOutOf = ({ revision, sets, served }: LeftOutInput, model: Pick<ModelData, 'events'>): LeftOut => {
  const tests = new Map<number, IsExcluded>([[0, () => false]])
  for (const [known, exclusions] of Object.entries(sets)) tests.set(Number(known), excluder(exclusions, model))
  const testOf = (wanted: number): IsExcluded => {
    const test = tests.get(wanted)
    if (test === undefined)
      throw new Error(`The worker was not told what revision ${wanted} of the exclusions leaves out.`)
    return test
  }
  const isLeftHere = testOf(revision)
  return (place, decoded) => {
    const here = isLeftHere(decoded)
    const other = served === null ? revision : revisionServing(served, place)
    return { here, there: other === revision ? here : testOf(other)(decoded) }
  }
}

/** The dataset's up to its mark, above it the speed table's. */
const revisionServing = (
  { marks, exclusions }: NonNullable<LeftOutInput['served']>,
  { shardId, sequenceNumber }: Place,
): number => {
  if (sequenceNumber <= (marks[shardId] ?? '')) return exclusions.dataset
  return exclusions.stretches[shardId]?.findLast(({ above }) => above < sequenceNumber)?.revision ?? 0
}
