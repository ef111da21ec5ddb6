import { keepers, type Model, type ModelData } from './model.ts'

/**
 * A line-up: the models that run side by side, by their versions, the deployed one first. While a change of definitions
 * is being built, what is served until then is still counted. As one text, `NEW+OLD`, it names all that they keep.
 */
export type LineUp = string

export const versionsOf = (lineUp: LineUp): string[] => (lineUp === '' ? [] : lineUp.split('+'))

export const lineUpOf = (versions: readonly string[]): LineUp => versions.join('+')

/** One model of a line-up, and what it counts: of all that it keeps, what no newer one counts too. */
export interface Running {
  readonly model: Model
  /** Keeper to version. */
  readonly counts: ReadonlyMap<string, string>
}

/** @param models the deployed one first */
export const runningOf = (models: readonly Model[]): Running[] => {
  const known = new Set<string>()
  return models.map((model) => {
    const own = keepers(model.data).filter(({ name, version }) => !known.has(keyOf(name, version)))
    for (const { name, version } of own) known.add(keyOf(name, version))
    return { model, counts: new Map(own.map(({ name, version }) => [name, version])) }
  })
}

/** What a model keeps, by version. */
export interface Kept {
  readonly version: string
  readonly keepers: readonly { readonly name: string; readonly version: string }[]
}

/** The line-up that keeps all that the models keep: the deployed one, and of the others those that add to it. */
export const leanLineUp = (deployed: Kept, others: readonly Kept[]): LineUp => {
  const known = new Set(deployed.keepers.map(({ name, version }) => keyOf(name, version)))
  const needed = others.filter(({ keepers: kept }) => {
    const added = kept.filter(({ name, version }) => !known.has(keyOf(name, version)))
    for (const { name, version } of added) known.add(keyOf(name, version))
    return added.length > 0
  })
  return lineUpOf([deployed.version, ...needed.map(({ version }) => version)])
}

/** Whether all that a model keeps is kept by others. */
export const isKeptBy = (kept: Kept, others: readonly Kept[]): boolean => {
  const known = new Set(others.flatMap((other) => other.keepers.map(({ name, version }) => keyOf(name, version))))
  return kept.keepers.every(({ name, version }) => known.has(keyOf(name, version)))
}

const keyOf = (name: string, version: string): string => `${name} ${version}`

/** A version of all that decides what a record is: its type, its identity, what rejects it. Models that share it judge alike. */
export const eventsVersion = ({ metrics }: Pick<ModelData, 'metrics'>): string => {
  const rejected = metrics.find(({ name }) => name === 'rejected')
  if (rejected === undefined) throw new Error('The model has no metric of what is rejected.')
  return rejected.version
}
