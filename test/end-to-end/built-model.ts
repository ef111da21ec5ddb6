import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelData } from '../../core/model.ts'

/** The model that a stage was deployed with. */
export const loadBuiltModel = async (home: string): Promise<{ data: ModelData }> => ({
  data: JSON.parse(await readFile(join(home, 'dist', 'model.json'), 'utf8')) as ModelData,
})
