import { type AnsweredValue, answeredValue, answerOf } from '../../core/answer.ts'
import { spanText } from '../../core/definition/span.ts'
import { keptText } from '../../core/kept.ts'
import type { DimensionData, MetricData, ModelData, ProfileData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { type ProfileSpan, spanBefore, spanUpTo } from '../../core/profile-span.ts'
import type { DimensionCondition } from '../../sql/cells.ts'
import type { Snapshot, States } from '../../stores/states/states.ts'
import type { WholeQuestion, WholeValue } from '../../stores/states/whole.ts'
import { measureOf } from './metrics.ts'
import { refuseUnknown } from './question.ts'
import { instantOf } from './range.ts'
import { errorOf, type Receipt, receiptFor } from './receipt.ts'

/** What a profile says of one key. */
export interface ToldProfile {
  readonly profile: string
  /** The key. */
  readonly by: Readonly<Record<string, string | number | boolean>>
  /** ISO 8601. What is covered, half-open: as long as the profile reaches, on the starts of its buckets. */
  readonly from: string
  readonly to: string
  readonly per: ProfileData['grain']
  readonly measures: Readonly<Record<string, MeasureAnswer>>
}

/** The same, all of one snapshot. */
export interface ProfileAnswer extends ToldProfile {
  /** ISO 8601. */
  readonly asOf: string
  readonly receipt: ProfileReceipt
}

/** Of nothing, counts and sums are 0 and all else is null. */
interface MeasureAnswer extends Pick<Receipt, 'error' | 'errorKind'> {
  readonly value: AnsweredValue
  readonly unit: string
  readonly exact: boolean
}

export interface ProfileReceipt extends Omit<Receipt, 'error' | 'errorKind' | 'metricVersion'> {
  readonly profileVersion: string
}

/** The catalogue of profiles. */
export const listProfiles = (model: ModelData) => ({
  modelVersion: model.version,
  profiles: (model.profiles ?? []).map(({ name, version, description, owner, event, by, overMs, grain, measures }) => ({
    name,
    version,
    description,
    owner: owner ?? null,
    event,
    by: by.map((dimension) => dimension.name),
    over: spanText(overMs),
    per: grain,
    measures: measures.map(({ as, metric }) => ({ name: as, ...measureOf(metric) })),
  })),
})

/** @throws Problem unknown_profile */
export const findProfile = (model: ModelData, name: string): ProfileData => {
  const profile = (model.profiles ?? []).find((one) => one.name === name)
  if (profile !== undefined) return profile
  throw new Problem('unknown_profile', 404, `There is no profile ${name}.`, {
    allowed: (model.profiles ?? []).map((one) => one.name),
  })
}

/** What is asked of one profile, and as of when. */
export interface ProfileQuestion {
  readonly profile: ProfileData
  readonly key: readonly DimensionCondition[]
  readonly asOf: number
  readonly span: ProfileSpan
}

/**
 * Left out or `now`: up to this moment. A time: what happened before its bucket.
 * @param now epoch ms
 * @throws Problem invalid_key, invalid_as_of, unknown_parameter
 */
export const readProfileQuestion = (
  profile: ProfileData,
  parts: readonly string[],
  query: URLSearchParams,
  now: number,
): ProfileQuestion => {
  refuseUnknown(query, new Set(['asOf']))
  const key = readKey(profile, parts)
  const asked = query.get('asOf')
  if (asked === null || asked === 'now') return { profile, key, asOf: now, span: spanUpTo(profile, now) }
  const asOf = instantOf(asked)
  if (asOf === null)
    throw new Problem('invalid_as_of', 400, `asOf is ${asked}; it must be now, or an ISO 8601 time with its offset.`)
  return { profile, key, asOf, span: spanBefore(profile, asOf) }
}

/** AWS hands a path on decoded, an encoded slash too: where the key is of one part, it is whatever stands there. */
const readKey = ({ name, by }: ProfileData, given: readonly string[]): DimensionCondition[] => {
  const parts = by.length === 1 ? [given.join('/')] : given
  if (parts.length !== by.length)
    throw new Problem(
      'invalid_key',
      400,
      `${name} is by ${by.map((dimension) => dimension.name).join(', ')}; its key has ${by.length} part${by.length === 1 ? '' : 's'}, and ${parts.length} came.`,
      { dimensions: by.map((dimension) => dimension.name) },
    )
  return by.map((dimension, place) => ({
    dimension: dimension.name,
    value: readPart(name, dimension, parts[place] ?? ''),
  }))
}

/** @throws Problem invalid_key */
export const readPart = (profile: string, { name, type }: DimensionData, text: string): DimensionCondition['value'] => {
  if (type === 'string' && !text.includes('\0')) return keptText(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if (type === 'integer' && /^-?\d{1,16}$/.test(text)) return BigInt(text)
  throw new Problem('invalid_key', 400, `${name} of ${profile} is a ${type}; ${JSON.stringify(text)} is none.`)
}

/** What must be read for an answer. */
export const wholesOf = ({ profile, key, span }: ProfileQuestion): WholeQuestion[] =>
  profile.measures.map(({ metric }) => ({ metric, where: key, ...span }))

/** @throws Problem definition_changed */
export const answerProfile = async (
  model: ModelData,
  states: Pick<States, 'readWholes'>,
  question: ProfileQuestion,
): Promise<ProfileAnswer> => {
  const { snapshot, values } = await states.readWholes(wholesOf(question))
  refuseProfileGaps(question.profile, snapshot)
  const told = toldProfile(question, values)
  const asOf = new Date(question.asOf).toISOString()
  return { ...told, asOf, receipt: profileReceipt(model, question.profile, snapshot, Object.values(told.measures)) }
}

/** @param values by the profile's measures */
export const toldProfile = ({ profile, key, span }: ProfileQuestion, values: readonly WholeValue[]): ToldProfile => ({
  profile: profile.name,
  by: Object.fromEntries(
    key.map(({ dimension, value }) => [dimension, typeof value === 'bigint' ? Number(value) : value]),
  ),
  from: new Date(span.from).toISOString(),
  to: new Date(span.to).toISOString(),
  per: profile.grain,
  measures: Object.fromEntries(
    profile.measures.map(({ as, metric }, place) => [as, measureAnswer(metric, values[place] ?? null)]),
  ),
})

const measureAnswer = ({ measure }: MetricData, merged: WholeValue): MeasureAnswer => {
  const { value, exact } = merged ?? { value: answerOf(measure, new Map()).value, exact: true }
  return { value: answeredValue(measure, value), unit: measure.unit, exact, ...errorOf(measure, exact) }
}

/** @throws Problem definition_changed where the answer would have a hole */
export const refuseProfileGaps = ({ name, version }: ProfileData, { gaps }: Snapshot): void => {
  if (gaps === 0) return
  throw new Problem(
    'definition_changed',
    409,
    `${name} was defined anew, and no dataset holds version ${version} of it yet; run \`tidemark recompute --full\`.`,
    { profile: name, version },
  )
}

/** What an answer of some measures rests on. */
export const profileReceipt = (
  model: ModelData,
  { version }: Pick<ProfileData, 'version'>,
  snapshot: Snapshot,
  measures: readonly Pick<MeasureAnswer, 'exact'>[],
): ProfileReceipt => {
  const isExact = measures.every(({ exact }) => exact)
  const whole = receiptFor(model, { version, measure: null }, snapshot, null, isExact)
  const { error: _, errorKind: __, metricVersion, ...receipt } = whole
  return { ...receipt, profileVersion: metricVersion }
}
