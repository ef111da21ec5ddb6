import { derivedLine, entityLine, metricLine } from '../core/catalogue.ts'
import type { ModelData } from '../core/model.ts'
import { quoted } from './table.ts'

/** Longer than anybody writes; a comment is no place for more. */
const maxComment = 2000

/** What each definition's own view says of itself (`COMMENT ON VIEW`): the roll-ups beside it say nothing. */
export const commentsSql = (model: ModelData): string[] => [
  ...model.metrics.map((metric) => commentSql(metric.name, metricLine(metric))),
  ...(model.derived ?? []).map((metric) => commentSql(metric.name, derivedLine(metric))),
  ...(model.entities ?? []).map((entity) => commentSql(entity.name, entityLine(entity))),
]

/** The same of a model that is deployed while another one's views are served: what is new says its own. */
export const commentsBesideSql = (served: ModelData, model: ModelData): string[] => {
  const known = new Set(definedIn(served))
  return [...commentsSql(served), ...commentsSql(model).filter((_, place) => !known.has(definedIn(model)[place] ?? ''))]
}

/** In the order of the comments. */
const definedIn = ({ metrics, derived = [], entities = [] }: ModelData): string[] =>
  [...metrics, ...derived, ...entities].map(({ name }) => name)

const commentSql = (view: string, line: string): string =>
  `COMMENT ON VIEW analytics.${quoted(view)} IS '${literalText(line)}'`

/** A user's words inside a literal: DDL takes no parameters. A backslash is an escape in Redshift's plain literals. */
const literalText = (line: string): string =>
  [...line.replaceAll(/\p{Cc}+/gu, ' ')].slice(0, maxComment).join('').replaceAll('\\', '\\\\').replaceAll("'", "''")
