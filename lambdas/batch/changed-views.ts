import type { ModelData } from '../../core/model.ts'
import { type InstalledViews, installedViews, switchSql } from '../../sql/installed-views.ts'
import type { Dialect } from '../../sql/table.ts'
import { maxStatements } from '../../stores/warehouse/redshift-data.ts'

/** Besides the views, and dropping them, serving a dataset takes three statements. */
const maxChangedViews = maxStatements - 4

/** What is served, and what is counted by from now on: the deployed model first. */
export interface Deployed {
  readonly served: ModelData
  readonly counted: readonly ModelData[]
  readonly dialect: Dialect
}

/**
 * The views for as long as the served model is, before and while records are counted by the others.
 * @throws where one promotion could not replace all those whose columns change
 */
export const viewsToInstall = ({ served, counted, dialect }: Deployed): InstalledViews => {
  const [model = served] = counted
  const views = installedViews(served, counted, dialect)
  const changed = switchSql(views, installedViews(model, counted, dialect)).length - 1
  if (changed > maxChangedViews)
    throw new Error(
      `Between model ${served.version}, which is served, and ${model.version}, the columns of ${changed} views change, and one promotion can replace ${maxChangedViews} at most. Deploy the change in parts, and recompute after each.`,
    )
  return views
}
