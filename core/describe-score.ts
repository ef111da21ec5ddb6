import { asField } from './definition/derivation.ts'
import { scoreCode } from './definition/functions.ts'
import type { ScoreDefinition } from './definition/score.ts'
import { wordsOf } from './definition/words.ts'
import type { EventData, ProfileData, ScoreData } from './model.ts'

/** A score as its definition exports it. */
export interface DeclaredScore {
  readonly name: string
  readonly definition: ScoreDefinition
}

interface Described {
  readonly events: readonly EventData[]
  readonly profiles: readonly ProfileData[]
  /** By what has functions, a hash of their code. */
  readonly code: Readonly<Record<string, string>>
  readonly versionOf: (event: EventData, meaning: unknown) => string
}

/** One answer reads all profiles' measures in one transaction, which takes 40 statements. */
const maxMeasures = 32

/**
 * Scores as data, by name.
 * @throws where a profile is not there, or its key is not among the event's fields
 */
export const describeScores = (declared: readonly DeclaredScore[], described: Described): ScoreData[] =>
  declared
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, definition }): ScoreData => {
      const at = `Score ${name}`
      const event = described.events.find((one) => one.name === definition.event.name)
      if (event === undefined)
        throw new Error(`${at}: its event ${definition.event.name} is not among the definitions.`)
      const profiles = Object.entries(definition.profiles).map(([as, profile]) => {
        const data = profileOf(`${at}, profiles ${as}`, profile, described.profiles)
        refuseOtherKey(`${at}, profiles ${as}`, event, data)
        return { as, data }
      })
      if (profiles.length === 0)
        throw new Error(`${at}: it looks at no profiles; what an event says by itself is a dimension (derive).`)
      const measures = profiles.reduce((sum, { data }) => sum + data.measures.length, 0)
      if (measures > maxMeasures)
        throw new Error(
          `${at}: its profiles have ${measures} measures; there can be ${maxMeasures}, which are read together.`,
        )
      const code = codeOf(at, name, described.code)
      const version = described.versionOf(event, {
        code,
        profiles: profiles.map(({ as, data }) => [as, data.name, data.version]),
      })
      return {
        name,
        version,
        event: event.name,
        profiles: profiles.map(({ as, data }) => ({ as, profile: data.name })),
        code,
        ...wordsOf(definition),
      }
    })

const profileOf = (at: string, name: string, profiles: readonly ProfileData[]): ProfileData => {
  const profile = profiles.find((one) => one.name === name)
  if (profile === undefined)
    throw new Error(`${at}: profile ${name} is not among the definitions; export it beside this one.`)
  return profile
}

const refuseOtherKey = (at: string, { name, fields, derived }: EventData, { name: profile, by }: ProfileData): void => {
  for (const dimension of by) {
    const asked = dimension.field ?? dimension.name
    const field = [...fields, ...derived.map(asField)].find((one) => one.name === asked)
    if (field?.kind !== dimension.type || field.secret === true)
      throw new Error(
        `${at}: ${profile} is by ${asked}, a ${dimension.type}, and event ${name} has no such field; score an event that does.`,
      )
  }
}

const codeOf = (at: string, name: string, codes: Described['code']): string => {
  const code = codes[scoreCode(name)]
  if (code !== undefined) return code
  throw new Error(
    `${at} has a rule, and nothing stands for its code. The build hashes that of every score that index.ts exports: export ${name} there.`,
  )
}
