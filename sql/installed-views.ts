import { eventOf, type ModelData } from '../core/model.ts'
import { derivedViews } from './derived-views.ts'
import { entityView } from './entities.ts'
import { type Dialect, quoted } from './table.ts'
import { metricViews } from './views.ts'
import type { View } from './whole.ts'

/** View to its query. */
export type InstalledViews = ReadonlyMap<string, string>

/**
 * The views that stand in the warehouse. Where models differ in what a view shows, and not in its columns, it holds
 * them all, and shows the one that is served: who serves another one need not replace it. A view that only the deployed
 * model has fails until that is served; one that only older ones have is not there.
 * @param counted the models of the line-up, the deployed one first
 */
export const installedViews = (served: ModelData, counted: readonly ModelData[], dialect: Dialect): InstalledViews => {
  const models = counted.some(({ version }) => version === served.version) ? counted : [...counted, served]
  const all = models.map((model) => ({ model, views: viewsOf(model, dialect) }))
  const names = new Set(all.flatMap(({ views }) => views.map(({ name }) => name)))
  const [deployed] = models
  return new Map(
    [...names].flatMap((name): [string, string][] => {
      const defined = all.flatMap(({ model, views }) => {
        const view = views.find((one) => one.name === name)
        return view === undefined ? [] : [{ version: model.version, view }]
      })
      const of = (model: ModelData | undefined) => defined.find(({ version }) => version === model?.version)
      const [own, next] = [of(served), of(deployed)]
      if (own !== undefined) return [[name, sqlOf(own, defined)]]
      return next === undefined ? [] : [[name, next.view.sql(null)]]
    }),
  )
}

interface Defined {
  readonly version: string
  readonly view: View
}

const sqlOf = (own: Defined, defined: readonly Defined[]): string => {
  const alike = defined.filter(({ view }) => view.columns === own.view.columns)
  const [text, ...others] = new Set(alike.map(({ view }) => view.sql(null)))
  if (text !== undefined && others.length === 0) return text
  return alike.map(({ version, view }) => view.sql(version)).join('\nUNION ALL\n')
}

const viewsOf = (model: ModelData, dialect: Dialect): View[] => [
  ...model.metrics.flatMap(metricViews),
  ...derivedViews(model),
  ...(model.entities ?? []).map((entity) => entityView(entity, eventOf(model, entity), dialect)),
]

/** Statements that make a model's views, where nothing else is served or counted by. */
export const viewsSql = (model: ModelData, dialect: Dialect): string[] =>
  installSql(installedViews(model, [model], dialect))

/** Statements that make views anew, two for each, which belong together: dropped first, since a view's columns can't be replaced by others. */
export const installSql = (views: InstalledViews): string[] =>
  [...views].flatMap(([name, sql]) => [dropSql([name]), createSql(name, sql)])

/** Those of the views that are other ones, or not there, in what stands. */
export const otherThan = (standing: InstalledViews, views: InstalledViews): InstalledViews =>
  new Map([...views].filter(([name, sql]) => standing.get(name) !== sql))

/** Statements that make some views others: few, since they are to be part of one transaction. */
export const switchSql = (from: InstalledViews, to: InstalledViews): string[] => {
  const made = otherThan(from, to)
  const gone = [...from.keys()].filter((name) => !to.has(name))
  return made.size + gone.length === 0
    ? []
    : [dropSql([...gone, ...made.keys()]), ...[...made].map(([name, sql]) => createSql(name, sql))]
}

const dropSql = (names: readonly string[]): string =>
  `DROP VIEW IF EXISTS ${names.map((name) => `analytics.${quoted(name)}`).join(', ')}`

const createSql = (name: string, sql: string): string => `CREATE VIEW analytics.${quoted(name)} AS\n${sql}`
