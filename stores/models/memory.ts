import type { Model, ModelData } from '../../core/model.ts'
import type { Models } from './models.ts'

/** Models in memory, by their versions. */
export class MemoryModels implements Models {
  readonly #known: Map<string, Model>

  constructor(models: readonly Model[] = []) {
    this.#known = new Map(models.map((model) => [model.data.version, model]))
  }

  add(model: Model): void {
    this.#known.set(model.data.version, model)
  }

  async model(version: string): Promise<Model> {
    const model = this.#known.get(version)
    if (model === undefined) throw new Error(`There is no model ${version}.`)
    return model
  }

  async data(version: string): Promise<ModelData> {
    return (await this.model(version)).data
  }
}
