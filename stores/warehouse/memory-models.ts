import { type Kept, versionsOf } from '../../core/line-up.ts'
import { keepers, type ModelData } from '../../core/model.ts'
import { type DeployedModels, type ModelFacts, planned } from '../ledger/model-ledger.ts'
import type { Draft } from './memory-draft.ts'

/** A deploy's part in a transaction. */
export const recordDeployed = (draft: Draft, model: ModelData): DeployedModels => {
  const definition = draft.table('definition')
  definition.delete(({ lineUp }) => lineUp === model.version)
  definition.insert(
    ...keepers(model).map(({ name, version }) => ({ metric: name, metricVersion: version, lineUp: model.version })),
  )
  return record(draft, factsOf(draft), { version: model.version, keepers: keepers(model) })
}

/** What nothing needs any more is counted by no more. */
export const recordRetired = (draft: Draft): DeployedModels => {
  const facts = factsOf(draft)
  const deployed = facts.kept.find(({ version }) => version === facts.modelVersion)
  return record(draft, facts, deployed ?? { version: '', keepers: [] })
}

const record = (draft: Draft, facts: ModelFacts, deployed: Kept): DeployedModels => {
  const next = planned(facts, deployed)
  const isSame = (['modelVersion', 'servingVersion', 'lineUp'] as const).every((key) => facts[key] === next[key])
  if (isSame) return facts
  const definition = draft.table('definition')
  const versions = versionsOf(next.lineUp)
  if (versions.length > 1) {
    definition.delete(({ lineUp }) => lineUp === next.lineUp)
    const kept = new Map(
      definition
        .rows()
        .filter(({ lineUp }) => versions.includes(lineUp))
        .map((row) => [`${row.metric} ${row.metricVersion}`, { ...row, lineUp: next.lineUp }]),
    )
    definition.insert(...kept.values())
  }
  draft.table('model').update(
    () => true,
    () => next,
  )
  return next
}

const factsOf = (draft: Draft): ModelFacts => {
  const [model] = draft.table('model').rows()
  const [control] = draft.table('control').rows()
  if (model === undefined || control === undefined) throw new Error('The ledger has no first rows.')
  const held = Object.values(control.slots).filter(({ state }) => state !== 'empty')
  const datasets = draft.table('dataset').rows()
  const kept = new Map<string, { name: string; version: string }[]>()
  for (const { lineUp, metric, metricVersion } of draft.table('definition').rows()) {
    const own = kept.get(lineUp) ?? []
    kept.set(lineUp, own)
    own.push({ name: metric, version: metricVersion })
  }
  return {
    ...model,
    liveDatasetId: control.liveDatasetId,
    slotModels: held.flatMap(({ datasetId }) => {
      const dataset = datasets.find((row) => row.datasetId === datasetId)
      return dataset === undefined ? [] : [dataset.modelVersion]
    }),
    hasShards: draft.table('speedPosition').rows().length > 0,
    kept: [...kept].map(([version, own]) => ({ version, keepers: own })),
  }
}
