import type { ModelData } from '../../core/model.ts'
import { type InstalledViews, installedViews, switchSql } from '../../sql/installed-views.ts'
import type { Dialect } from '../../sql/table.ts'
import { maxStatements } from '../../stores/warehouse/redshift-data.ts'

/** Besides the views, and dropping them, serving a dataset takes three statements. */
export const maxChangedViews = maxStatements - 4

/** What is served, and what is counted by from now on: the deployed model first. */
export interface Deployed {
  readonly served: ModelData
  readonly counted: readonly ModelData[]
  readonly dialect: Dialect
}

/** How the views become those of another model. */
export interface ChangedViews {
  /** Made before it is served: nothing has their names yet, and they fail until then. */
  readonly prepared: InstalledViews
  /** Statements of the transaction that serves it. */
  readonly switched: readonly string[]
  /** How many views those make. */
  readonly changed: number
}

export const changedViews = (model: ModelData, { served, counted, dialect }: Deployed): ChangedViews => {
  const [from, to] = [installedViews(served, counted, dialect), installedViews(model, counted, dialect)]
  const own = installedViews(model, [model], dialect)
  // One that holds several models' queries would answer nothing, rather than fail, until one of them is served.
  const prepared = new Map([...to].filter(([name, sql]) => !from.has(name) && own.get(name) === sql))
  const switched = switchSql(from, new Map([...to].filter(([name]) => !prepared.has(name))))
  return { prepared, switched, changed: Math.max(0, switched.length - 1) }
}

/**
 * The views for as long as the served model is, before and while records are counted by the others.
 * @throws where one promotion could not replace all those whose columns change; going back replaces no others
 */
export const viewsToInstall = (deployed: Deployed): InstalledViews => {
  const { served, counted, dialect } = deployed
  const [model = served] = counted
  const { changed } = changedViews(model, deployed)
  if (changed > maxChangedViews)
    throw new Error(
      `Between model ${served.version}, which is served, and ${model.version}, the columns of ${changed} views change, and one promotion can replace ${maxChangedViews} at most. Deploy the change in parts, and recompute after each.`,
    )
  return installedViews(served, counted, dialect)
}
