import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelData } from '../core/model.ts'
import { dataKey } from '../stores/models/models.ts'
import type { Connection } from './connection.ts'
import { homeOf, localStage } from './environment.ts'
import { CommandError } from './exit.ts'
import type { Session } from './session.ts'

/** Where the definitions' data lie that the stage was built from: in the laptop stage's own folder, else in `dist/`. */
export const deployedModelFile = ({ stage, env, cwd }: Pick<Session, 'stage' | 'env' | 'cwd'>): string => {
  const ofStage = join(homeOf(env, cwd), 'dist', 'model.json')
  return stage === localStage && existsSync(ofStage) ? ofStage : join(cwd, 'dist', 'model.json')
}

/**
 * The definitions' data by which the stage answers: those deployed, or, as long as these are being built, the older ones.
 * @throws a CommandError
 */
export const servedModel = async (session: Session, { api, archive, outputs }: Connection): Promise<ModelData> => {
  const { modelVersion } = await api.get<{ modelVersion: string }>('/v1/metrics')
  const file = deployedModelFile(session)
  if (modelVersion === outputs.modelVersion && existsSync(file)) return readModel(file, modelVersion)
  const data = (await (await archive()).getJson(dataKey(modelVersion))) as ModelData | null
  if (data === null)
    throw new CommandError(`The stage answers by model ${modelVersion}, but has no ${dataKey(modelVersion)}.`)
  return data
}

/** The definitions' data, which must be those deployed. @throws a CommandError */
export const readModel = async (path: string, deployedVersion: string): Promise<ModelData> => {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${path} can't be read (${error.code}). \`npm run build\` writes it; --model names another.`)
  })
  const model = JSON.parse(text) as ModelData
  if (model.version !== deployedVersion)
    throw new CommandError(
      `${path} is of definitions ${model.version}, the stage runs ${deployedVersion}. Build the definitions that are deployed, or name their model.json by --model.`,
    )
  return model
}
