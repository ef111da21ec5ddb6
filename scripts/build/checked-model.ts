import type { ModelData } from '../../core/model.ts'
import { mistakesIn } from '../check/definitions.ts'
import { buildModel, type ModelOptions } from './model.ts'

/**
 * As `buildModel`, which stops at the first mistake: where there is one, all are told, as `tidemark check` does.
 * @throws with a line for each mistake: its file and line, what is wrong and what to do
 */
export const buildCheckedModel = async (options: ModelOptions): Promise<ModelData> => {
  try {
    return await buildModel(options)
  } catch (error) {
    const mistakes = await mistakesIn(options)
    if (mistakes.length === 0) throw error
    const lines = mistakes.map(({ where, message }) => `  ${where === null ? '' : `${where}  `}${message}`)
    // The first of them is the error's own: it would be told twice as its cause.
    throw new Error(
      [`${lines.length === 1 ? 'A mistake' : `${lines.length} mistakes`} in the definitions:`, ...lines].join('\n'),
    )
  }
}
