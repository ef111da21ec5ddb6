import { lineUpOf } from '../core/line-up.ts'
import type { Model } from '../core/model.ts'
import { LineUps } from '../stores/models/line-ups.ts'
import { MemoryModels } from '../stores/models/memory.ts'

/** What counts by these models, the deployed one first. */
export const countingBy = (...models: readonly [Model, ...Model[]]) => {
  const versions = models.map(({ data }) => data.version)
  const [deployed, ...others] = models
  const served = others.at(-1) ?? deployed
  const told = {
    modelVersion: deployed.data.version,
    servingVersion: served.data.version,
    lineUp: lineUpOf(versions),
    revision: 1,
  }
  return { models: { current: async () => told }, lineUps: new LineUps(new MemoryModels(models)) }
}
