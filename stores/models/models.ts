import type { Model, ModelData } from '../../core/model.ts'

/** Every model that was ever deployed, by its version. */
export interface Models {
  /** To count by. @throws where there is no such model, or it can't be run here */
  model(version: string): Promise<Model>
  /** To answer by. @throws where there is no such model */
  data(version: string): Promise<ModelData>
}

/** A model's bundle, which exports `loadModel`. */
export const bundleKey = (version: string): string => `models/${version}/model.cjs`
/** Its data. */
export const dataKey = (version: string): string => `models/${version}/model.json`
/** Which models are deployed, served and counted by, for who has no warehouse. */
export const latestModelsKey = 'models/latest.json'
