import type { Model } from '../../core/model.ts'
import { randomOf } from '../fuzz/random.ts'
import { builtOf } from './built.ts'
import { definitionText } from './definition-text.ts'
import type { DefinitionsPlan } from './plan.ts'
import { randomDefinitions } from './random-definitions.ts'
import { randomStory, type Story } from './random-events.ts'

export interface Draw {
  readonly seed: number
  /** Metrics in the model. */
  readonly definitions: number
  readonly records: number
}

/** What a seed makes: definitions, the model that the build makes of their text, and what is told of their events. */
export interface Drawn {
  readonly draw: Draw
  readonly plan: DefinitionsPlan
  readonly model: Model
  readonly story: Story
}

/** @param dir where the definitions and what is built of them are written */
export const drawn = async (draw: Draw, dir: string): Promise<Drawn> => {
  const random = randomOf(draw.seed)
  const plan = randomDefinitions(random, draw.definitions)
  const model = await builtOf(definitionText(plan), dir)
  return { draw, plan, model, story: randomStory(random, plan, draw.records) }
}
