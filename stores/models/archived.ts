import { createRequire } from 'node:module'
import { join } from 'node:path'
import { compileFunction } from 'node:vm'
import type { Model, ModelData } from '../../core/model.ts'
import type { Archive } from '../archive/archive.ts'
import { bundleKey, dataKey, type Models } from './models.ts'

/** The models whose bundles stand in the data bucket; the function's own is at hand. */
export class ArchivedModels implements Models {
  readonly #archive: Pick<Archive, 'getObject' | 'getJson'>
  readonly #models: Map<string, Promise<Model>>
  readonly #data: Map<string, Promise<ModelData>>

  constructor(archive: Pick<Archive, 'getObject' | 'getJson'>, own: Model) {
    this.#archive = archive
    this.#models = new Map([[own.data.version, Promise.resolve(own)]])
    this.#data = new Map([[own.data.version, Promise.resolve(own.data)]])
  }

  model(version: string): Promise<Model> {
    return once(this.#models, version, () => this.#load(version))
  }

  data(version: string): Promise<ModelData> {
    return once(this.#data, version, async () => {
      const data = (await this.#archive.getJson(dataKey(version))) as ModelData | null
      if (data === null) throw new Error(missing(version, dataKey(version)))
      return data
    })
  }

  async #load(version: string): Promise<Model> {
    const key = bundleKey(version)
    const bundle = await this.#archive.getObject(key)
    if (bundle === null) throw new Error(missing(version, key))
    const module = { exports: {} as { loadModel?: () => Promise<Model> } }
    const code = compileFunction(Buffer.from(bundle).toString('utf8'), ['module', 'exports', 'require'], {
      filename: key,
    })
    code(module, module.exports, createRequire(join(process.cwd(), 'model.cjs')))
    const model = await module.exports.loadModel?.()
    if (model?.data.version !== version)
      throw new Error(
        `${key} is model ${model?.data.version ?? 'of nothing'} here: it was built by another version of Tidemark.`,
      )
    return model
  }
}

const missing = (version: string, key: string): string =>
  `Model ${version} is counted or served by, but there is no ${key}; deploy its definitions again.`

/** What fails is tried again by the next who asks. */
const once = <Value>(known: Map<string, Promise<Value>>, key: string, read: () => Promise<Value>): Promise<Value> => {
  const held = known.get(key)
  if (held !== undefined) return held
  const value = read().catch((error: unknown) => {
    known.delete(key)
    throw error
  })
  known.set(key, value)
  return value
}
