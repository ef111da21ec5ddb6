import type { Bucket } from './bucket.ts'
import type { MetricDefinition } from './definition/metric.ts'
import type { ProfileDefinition } from './definition/profile.ts'
import { spanMs } from './definition/span.ts'
import { wordsOf } from './definition/words.ts'
import type { MetricData, ProfileData } from './model.ts'

/** A profile as its definition exports it. */
export interface DeclaredProfile {
  readonly name: string
  readonly definition: ProfileDefinition
}

interface Described {
  /** A measure of the profile as data. @param at where it stands, for errors */
  readonly memberOf: (at: string, name: string, definition: MetricDefinition) => MetricData
  readonly versionOf: (meaning: unknown) => string
}

/** One answer is one transaction, which takes 40 statements: two for the receipt, one for each measure. */
const maxMeasures = 32
/** Of `speed.rows.metric`. */
const maxMemberName = 40
/** Ten years: what lies further back is a metric's. */
const maxOverMs = 3653 * 86_400_000
/** A span begins and ends where a bucket does: a thousandth of it is as far as that may be off. */
const minBuckets = 1000
/** Sizes of bucket of which each is as long as the other, coarsest first. */
const grains = [
  { grain: 'day', sizeMs: 86_400_000 },
  { grain: 'hour', sizeMs: 3_600_000 },
  { grain: 'minute', sizeMs: 60_000 },
  { grain: 'second', sizeMs: 1000 },
] as const

/** What a profile over such a span is kept by. @param overMs a whole number of seconds */
export const grainOf = (overMs: number): ProfileData['grain'] =>
  grains.find(({ sizeMs }) => overMs % sizeMs === 0 && overMs / sizeMs >= minBuckets)?.grain ?? 'second'

/** The name of what a profile keeps of one measure: no metric can be called so. */
const memberName = (profile: string, as: string): string => `${profile}.${as}`

/**
 * Profiles as data, by name.
 * @throws where a span is none, a measure's name is none, or a measure can't be kept
 */
export const describeProfiles = (declared: readonly DeclaredProfile[], described: Described): ProfileData[] =>
  declared
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, definition }): ProfileData => {
      const at = `Profile ${name}`
      const overMs = overOf(at, definition.over)
      const grain = grainOf(overMs)
      const measures = membersOf(name, definition, grain, described)
      const [first] = measures
      if (first === undefined)
        throw new Error(`${at}: it has no measures; give at least one: { payments: payment.count() }.`)
      const meaning = { overMs, grain, measures: measures.map(({ as, metric }) => [as, metric.version]) }
      return {
        name,
        version: described.versionOf(meaning),
        event: first.metric.event,
        by: first.metric.by,
        overMs,
        grain,
        measures,
        ...wordsOf(definition),
      }
    })

const overOf = (at: string, over: string): number => {
  const overMs = spanMs(over)
  if (overMs === null || overMs > maxOverMs)
    throw new Error(
      `${at}: over is '${over}'; write a positive whole number and s, m, h or d, such as '30d', of at most ${maxOverMs / 86_400_000} days.`,
    )
  return overMs
}

const membersOf = (
  profile: string,
  { measures, by, where, maxDrift }: ProfileDefinition,
  grain: Bucket,
  { memberOf }: Described,
): ProfileData['measures'] => {
  const at = `Profile ${profile}`
  const entries = Object.entries(measures)
  if (entries.length > maxMeasures)
    throw new Error(`${at}: ${entries.length} measures; there can be ${maxMeasures}, which are read together.`)
  if (by.length === 0) throw new Error(`${at}: it is by nothing; name the fields of its key, as a metric's dimensions.`)
  const event = entries[0]?.[1].event.name
  const lower = entries.map(([as]) => as.toLowerCase())
  return entries.map(([as, measure], nth) => {
    const place = `${at}, ${as}`
    const name = memberName(profile, as)
    if (!/^[a-zA-Z_]\w*$/.test(as) || as in Object.prototype)
      throw new Error(`${place}: a measure's name is letters, digits and _, and begins with no digit.`)
    // Redshift folds the names of tables to lower case.
    if (lower.indexOf(as.toLowerCase()) < nth)
      throw new Error(`${place}: another measure's name differs from it in case alone; rename one.`)
    if (name.length > maxMemberName)
      throw new Error(`${place}: ${name} is longer than ${maxMemberName} characters; shorten one of the two names.`)
    if (measure.event.name !== event)
      throw new Error(
        `${place}: it measures event ${measure.event.name}, and others of the profile ${event}; make two profiles.`,
      )
    const rest = {
      by,
      keep: {},
      where,
      maxDrift,
      per: grain,
      zone: 'UTC',
      live: null,
      values: null,
      describe: null,
      owner: null,
    }
    const metric = memberOf(place, name, { event: measure.event, measure, ...rest })
    return { as, metric: { ...metric, profile } }
  })
}
