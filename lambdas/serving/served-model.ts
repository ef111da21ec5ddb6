import { keepers, type Model, type ModelData, sessionMetrics } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import type { LatestModels } from '../../stores/models/line-ups.ts'
import type { Models } from '../../stores/models/models.ts'
import type { Snapshot } from '../../stores/states/states.ts'
import { route, type Serving } from './routes.ts'

/** The API's sources, whatever model is served. */
export interface Sources extends Omit<Serving, 'model' | 'building' | 'answers' | 'code'> {
  readonly states: Serving['answers']
  readonly models: Models
  readonly latest: Pick<LatestModels, 'current' | 'ask'>
}

/** A promotion may come between guessing the model and reading, and another one after it. */
const maxAttempts = 4

/**
 * Answers by the model that is served: the one told last, as long as the answer's own snapshot says so too.
 * @throws Problem definition_building where what is asked for is deployed, and not served yet; or what the route says
 */
export const answerServed = async (
  sources: Sources,
  path: string,
  query: URLSearchParams,
  posted: string | null = null,
): Promise<unknown> => {
  const { modelVersion, servingVersion } = await sources.latest.current()
  let version = servingVersion
  for (let attempt = 1; ; attempt++) {
    const model = await sources.models.data(version)
    const building = modelVersion === version ? null : await sources.models.data(modelVersion)
    try {
      const code = (): Promise<Model> => sources.models.model(model.version)
      return await route(
        { ...sources, model, building, answers: heldTo(version, sources.states), code },
        path,
        query,
        posted,
      )
    } catch (error) {
      const other = await servedInstead(sources, version, error)
      if (other === null || attempt === maxAttempts) throw building === null ? error : told(building, path, error)
      version = other
    }
  }
}

/** The answer is of a snapshot in which another model is served. */
class OtherModelServed extends Error {
  readonly version: string

  constructor(version: string) {
    super(`Model ${version} is served now; ask again.`)
    this.name = 'OtherModelServed'
    this.version = version
  }
}

const heldTo = (version: string, states: Sources['states']): Serving['answers'] => {
  const held = async <Answer extends { readonly snapshot: Snapshot }>(reading: Promise<Answer>): Promise<Answer> => {
    const answer = await reading
    if (answer.snapshot.servingVersion !== version) throw new OtherModelServed(answer.snapshot.servingVersion)
    return answer
  }
  return {
    read: (question) => held(states.read(question)),
    readBoth: (left, right, asked) => held(states.readBoth(left, right, asked)),
    readEntity: (question) => held(states.readEntity(question)),
    readWholes: (questions) => held(states.readWholes(questions)),
    readKept: (question) => held(states.readKept(question)),
  }
}

/** What was refused without a look at the warehouse may be there since a moment ago. null: the model was the right one */
const servedInstead = async ({ latest }: Sources, version: string, error: unknown): Promise<string | null> => {
  if (error instanceof OtherModelServed) return error.version
  if (!(error instanceof Problem)) return null
  const { servingVersion } = await latest.ask()
  return servingVersion === version ? null : servingVersion
}

const unknownNames: ReadonlySet<string> = new Set([
  'unknown_metric',
  'unknown_entity',
  'unknown_profile',
  'unknown_score',
  'unknown_sessions',
])

/** What nobody knows by the served model may be known by the one that is being built. */
const told = (building: ModelData, path: string, error: unknown): unknown => {
  if (!(error instanceof Problem) || !unknownNames.has(error.code)) return error
  const kept = [
    ...keepers(building),
    ...(building.derived ?? []),
    ...(building.profiles ?? []),
    ...(building.scores ?? []),
    ...(building.sessions ?? []),
    ...sessionMetrics(building),
  ]
  const asked = path.split('/')[3]
  if (asked === undefined || !kept.some(({ name }) => name === asked)) return error
  return new Problem(
    'definition_building',
    409,
    `${asked} is deployed, and in no dataset yet; \`tidemark recompute\` makes one and serves it.`,
    { modelVersion: building.version },
  )
}
