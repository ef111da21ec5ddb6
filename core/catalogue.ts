import { spanText } from './definition/span.ts'
import { dimensionText } from './kept.ts'
import {
  type DerivedData,
  type EntityData,
  type EventData,
  type FieldData,
  type LimitData,
  type MeasureData,
  type MetricData,
  type ModelData,
  type ProfileData,
  type ScoreData,
  type SessionsData,
  sessionMetrics,
} from './model.ts'
import { answeredQuantity } from './quantity-text.ts'
import { rejectedType } from './record.ts'

/** Everything that the definitions define, as a page of Markdown: for people who look for a figure, or wonder at one. */
export const catalogueOf = (model: ModelData): string =>
  [
    '# Catalogue',
    ...section(
      'Metrics',
      [
        ...model.metrics.map(metricEntry),
        ...(model.derived ?? []).map(derivedEntry),
        ...sessionMetrics(model).map(metricEntry),
      ].sort(byName),
    ),
    ...section('Entities', (model.entities ?? []).map(entityEntry).sort(byName)),
    ...section('Profiles', (model.profiles ?? []).map(profileEntry).sort(byName)),
    ...section('Sessions', (model.sessions ?? []).map(sessionsEntry).sort(byName)),
    ...section('Scores', (model.scores ?? []).map(scoreEntry).sort(byName)),
    ...section('Limits', (model.limits ?? []).map(limitEntry).sort(byName)),
    ...section('Events', model.events.map(eventEntry).sort(byName)),
  ].join('\n\n')

interface Entry {
  readonly name: string
  readonly text: string
}

const byName = (a: Entry, b: Entry): number => (a.name < b.name ? -1 : 1)

const section = (title: string, entries: readonly Entry[]): string[] =>
  entries.length === 0 ? [] : [`## ${title}`, ...entries.map(({ name, text }) => `### ${name}\n\n${text}`)]

const metricEntry = (metric: MetricData): Entry => ({ name: metric.name, text: lines(metric, metricFacts(metric)) })

/** What one metric is, in one line: what its view says of itself. */
export const metricLine = (metric: MetricData): string =>
  [...words(metric), ...metricFacts(metric).map(([what, is]) => `${what}: ${is}.`)].join(' ')

/** The same of a derived metric. */
export const derivedLine = (metric: DerivedData): string =>
  [...words(metric), ...derivedFacts(metric).map(([what, is]) => `${what}: ${is}.`)].join(' ')

/** The same of an entity. */
export const entityLine = (entity: EntityData): string =>
  [...words(entity), ...entityFacts(entity).map(([what, is]) => `${what}: ${is}.`)].join(' ')

type Fact = readonly [what: string, is: string]

const metricFacts = ({ event, measure, each, by, per, zone, liveMs, where }: MetricData): Fact[] => [
  ['Measure', `${measureText(measure)} of ${each === undefined ? eventText(event) : `each ${each.field} of ${event}`}`],
  ['Unit', measure.unit],
  ...whereFacts(where),
  ['By', by.length === 0 ? 'nothing' : by.map(dimensionText).join(', ')],
  ['Per', zone === undefined ? per : `${per}, in ${zone}`],
  ...(liveMs === null ? [] : [['Window', `up to ${spanText(liveMs)}`] as const]),
]

const whereFacts = (where: MetricData['where']): Fact[] =>
  where.length === 0
    ? []
    : [['Where', where.map(({ field, op, value }) => `${field} ${op} ${JSON.stringify(value)}`).join(' and ')]]

const eventText = (event: string): string => (event === rejectedType ? 'records rejected' : event)

const measureText = (measure: MeasureData): string => {
  switch (measure.kind) {
    case 'count':
      return 'count'
    case 'quantile':
      return `quantile ${measure.q} of ${measure.field}, within 1%,`
    case 'countDistinct':
      return `distinct ${measure.fields.join(' and ')}`
    case 'histogram':
      return `histogram of ${measure.field}`
    case 'latest':
      return `latest by ${measure.latest}`
    case 'kept':
      return 'each'
    default:
      return `${measure.kind} of ${measure.field}`
  }
}

const derivedFacts = ({ kind, of, unit, by, per, zone }: DerivedData): Fact[] => [
  ['Measure', kind === 'ratio' ? `${of[0]} / ${of[1]}` : `${of[0]} - ${of[1]}`],
  ['Unit', unit],
  ['By', by.length === 0 ? 'nothing' : by.map(dimensionText).join(', ')],
  ['Per', zone === undefined ? per : `${per}, in ${zone}`],
]

const derivedEntry = (metric: DerivedData): Entry => ({
  name: metric.name,
  text: lines(metric, derivedFacts(metric)),
})

const entityFacts = ({ ref, versions, children, metrics }: EntityData): Fact[] => [
  ['Latest', `${versions.event} by ${ref}`],
  ...children.map((child): Fact => [`Children ${child.name}`, `${child.entity} by ${child.parentRef}`]),
  ...metrics.map(({ as, metric }): Fact => [`Metric ${as}`, metric]),
]

const entityEntry = (entity: EntityData): Entry => ({ name: entity.name, text: lines(entity, entityFacts(entity)) })

const profileFacts = ({ event, by, overMs, grain, measures }: ProfileData): Fact[] => [
  ...measures.map(({ as, metric: { measure, each } }): Fact => {
    const of = each === undefined ? event : `each ${each.field} of ${event}`
    return [`Measure ${as}`, `${measureText(measure)} of ${of}, in ${measure.unit}`]
  }),
  ...whereFacts(measures[0]?.metric.where ?? []),
  ['By', by.map(({ name }) => name).join(', ')],
  ['Over', `${spanText(overMs)}, per ${grain}`],
]

const profileEntry = (profile: ProfileData): Entry => ({
  name: profile.name,
  text: lines(profile, profileFacts(profile)),
})

const sessionsEntry = (sessions: SessionsData): Entry => ({
  name: sessions.name,
  text: lines(sessions, [
    ['Events', sessions.events.map(({ event }) => event).join(', ')],
    ['By', sessions.key.name],
    ['Apart', `after ${spanText(sessions.gapMs)} without an event, and after ${spanText(sessions.longestMs)}`],
    ...(sessions.start === null ? [] : [['Begin as', sessions.start] as const]),
  ]),
})

const scoreEntry = (score: ScoreData): Entry => ({
  name: score.name,
  text: lines(score, [
    ['Event', score.event],
    ...score.profiles.map(({ as, profile }): Fact => [`Profile ${as}`, profile]),
  ]),
})

const limitEntry = (limit: LimitData): Entry => ({
  name: limit.name,
  text: lines(limit, [
    ['Of', `${limit.metric}, for each ${limit.each}, per ${limit.per}`],
    ['At most', boundText(limit)],
    ['Told at', limit.notifyAt.map((percent) => `${percent}%`).join(', ')],
  ]),
})

const boundText = ({ atMost, unit, scale }: LimitData): string =>
  'amount' in atMost
    ? `${answeredQuantity(BigInt(atMost.amount), scale)} ${unit}`
    : `${atMost.field} of ${atMost.entity}`

const eventEntry = (event: EventData): Entry => ({
  name: event.name,
  text: [
    ...words(event),
    [
      '| field | kind | unit | |',
      '| --- | --- | --- | --- |',
      ...event.fields.map(fieldRow),
      ...event.derived.map(({ name, type }) => `| \`${name}\` | ${type} | | derived |`),
    ].join('\n'),
  ].join('\n\n'),
})

const fieldRow = ({ name, kind, unit, values, nullable, optional, secret }: FieldData): string => {
  const notes = [
    ...(values === null ? [] : [values.map((value) => `\`${cellText(value)}\``).join(', ')]),
    ...(nullable ? ['may be null'] : []),
    ...(optional ? ['may be missing'] : []),
    ...(secret === true ? ['secret'] : []),
  ]
  return `| \`${cellText(name)}\` | ${kind} | ${cellText(unit ?? '')} | ${notes.join('; ')} |`
}

const cellText = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')

const words = ({ description, owner }: { readonly description: string | null; readonly owner?: string }): string[] => [
  ...(description === null ? [] : [ended(description)]),
  ...(owner === undefined ? [] : [`Owner: ${ended(owner)}`]),
]

const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

const lines = (defined: Parameters<typeof words>[0], facts: readonly Fact[]): string =>
  [...words(defined), facts.map(([what, is]) => `- ${what}: ${is}`).join('\n')].join('\n\n')
