import { keptText } from '../../core/kept.ts'
import { fieldOf, type Model, type ModelData, type ProfileData, type ScoreData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { spanBefore } from '../../core/profile-span.ts'
import type { Decoded } from '../../core/record.ts'
import { featureOf } from '../../core/score.ts'
import type { FeatureValues, Scored } from '../../core/scored.ts'
import type { DimensionCondition } from '../../sql/cells.ts'
import type { States } from '../../stores/states/states.ts'
import {
  findProfile,
  type ProfileQuestion,
  type ProfileReceipt,
  profileReceipt,
  refuseProfileGaps,
  type ToldProfile,
  toldProfile,
  wholesOf,
} from './profiles.ts'

/** What a rule says of an event that was handed in, and what it was told, all of one snapshot. */
export interface ScoreAnswer extends Scored {
  readonly name: string
  /** The event's time, ISO 8601: what profiles say is of before it. */
  readonly at: string
  /** By the names that the rule gets them under. */
  readonly profiles: Readonly<Record<string, ToldProfile>>
  readonly receipt: ScoreReceipt
}

interface ScoreReceipt extends Omit<ProfileReceipt, 'profileVersion'> {
  readonly scoreVersion: string
}

/** What scores by code, of the model that is served. */
export type Scorer = Pick<Model, 'data' | 'decode' | 'score'>

/** The catalogue of scores. */
export const listScores = (model: ModelData) => ({
  modelVersion: model.version,
  scores: (model.scores ?? []).map(({ name, version, description, owner, event, profiles }) => ({
    name,
    version,
    description,
    owner: owner ?? null,
    event,
    profiles: profiles.map(({ as, profile }) => ({ name: as, profile })),
  })),
})

/** @throws Problem unknown_score */
export const findScore = (model: ModelData, name: string): ScoreData => {
  const score = (model.scores ?? []).find((one) => one.name === name)
  if (score !== undefined) return score
  throw new Problem('unknown_score', 404, `There is no score ${name}.`, {
    allowed: (model.scores ?? []).map((one) => one.name),
  })
}

/**
 * Scores an event, which is kept nowhere.
 * @param text the event, as a record of the stream holds it
 * @param now epoch ms: when it counts as having arrived
 * @throws Problem event_refused, definition_changed, rule_failed
 */
export const answerScore = async (
  model: Scorer,
  states: Pick<States, 'readWholes'>,
  score: ScoreData,
  text: string,
  now: number,
): Promise<ScoreAnswer> => {
  const decoded = decodedEvent(model, score, text, now)
  const questions = score.profiles.map(({ as, profile }) => questionOf(as, findProfile(model.data, profile), decoded))
  const { snapshot, values } = await states.readWholes(questions.flatMap(({ question }) => wholesOf(question)))
  let read = 0
  const profiles = Object.fromEntries(
    questions.map(({ as, question }) => {
      refuseProfileGaps(question.profile, snapshot)
      const own = values.slice(read, read + question.profile.measures.length)
      read += own.length
      return [as, toldProfile(question, own)]
    }),
  )
  const features = Object.fromEntries(Object.entries(profiles).map(([as, told]) => [as, featuresOf(told)]))
  const scored = model.score(score.name, decoded, features)
  if (scored instanceof Error)
    throw new Problem(
      'rule_failed',
      500,
      `The rule of ${score.name} has no score for this event: it ${scored.message}.`,
    )
  const at = new Date(decoded.eventTime).toISOString()
  const { profileVersion: scoreVersion, ...receipt } = profileReceipt(
    model.data,
    score,
    snapshot,
    Object.values(profiles).flatMap(({ measures }) => Object.values(measures)),
  )
  return { name: score.name, ...scored, at, profiles, receipt: { ...receipt, scoreVersion } }
}

/** By the very decode that judges the stream's records. */
const decodedEvent = (model: Scorer, { name, event }: ScoreData, text: string, now: number): Decoded => {
  const decoded = model.decode({ shardId: '', sequenceNumber: '', arrivalTime: now, text })
  const { rejection, type } = decoded
  if (rejection !== null)
    throw new Problem('event_refused', 422, `The event is none of the definitions': ${rejection.detail}.`, {
      reason: rejection.reason,
    })
  if (type === event) return decoded
  throw new Problem('event_refused', 422, `The event is a ${type}, and ${name} scores ${event}.`)
}

interface AskedProfile {
  readonly as: string
  readonly question: ProfileQuestion
}

const questionOf = (as: string, profile: ProfileData, { row, eventTime }: Decoded): AskedProfile => {
  const key = profile.by.map((dimension): DimensionCondition => {
    const value = row[fieldOf(dimension)]
    if (value === null || value === undefined)
      throw new Problem('event_refused', 422, `The event has no ${fieldOf(dimension)}, which ${profile.name} is by.`)
    if (typeof value === 'string') return { dimension: dimension.name, value: keptText(value) }
    return { dimension: dimension.name, value: typeof value === 'number' ? BigInt(value) : (value as boolean) }
  })
  return { as, question: { profile, key, asOf: eventTime, span: spanBefore(profile, eventTime) } }
}

const featuresOf = ({ measures }: ToldProfile): FeatureValues =>
  Object.fromEntries(Object.entries(measures).map(([as, { value }]) => [as, featureOf(value)]))
