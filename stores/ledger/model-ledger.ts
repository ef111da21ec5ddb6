import { type Kept, type LineUp, leanLineUp } from '../../core/line-up.ts'
import type { ModelData } from '../../core/model.ts'

/** The models that a stage has to do with. */
export interface DeployedModels {
  /** The newest one. It is being built until a dataset of it is promoted. */
  readonly modelVersion: string
  /** The one by whose definitions answers are given. */
  readonly servingVersion: string
  /** Those that the speed side counts by: the deployed one, the one served, and those of the datasets in the slots. */
  readonly lineUp: LineUp
  /** Grows with each change. */
  readonly revision: number
}

/** Which models are deployed, served and counted by. */
export interface ModelLedger {
  models(): Promise<DeployedModels>
  /**
   * Records a model as the deployed one. What was served is served on, unless no record came yet. Safe to run again.
   * @param prepare called with what is about to be recorded, before each try of it
   * @throws TransactionFailed where it went on being changed by others meanwhile
   */
  deploy(model: ModelData, prepare?: (next: DeployedModels) => Promise<void>): Promise<DeployedModels>
  /** Ends counting by models that nothing served, deployed or loaded needs. @throws TransactionFailed as `deploy` */
  retire(): Promise<DeployedModels>
}

/** What decides which models are needed, of one snapshot. */
export interface ModelFacts extends DeployedModels {
  readonly liveDatasetId: string
  /** Of the datasets that stand in a slot, or are on their way into one. */
  readonly slotModels: readonly string[]
  /** Whether the speed side knows any shard: its first record may be on its way. */
  readonly hasShards: boolean
  /** What models keep: those served and in slots at least. */
  readonly kept: readonly Kept[]
}

/** What is to be recorded where `deployed` is the deployed model. */
export const planned = (facts: ModelFacts, deployed: Kept): DeployedModels => {
  const isUnused = facts.servingVersion === '' || (facts.liveDatasetId === '' && !facts.hasShards)
  const servingVersion = isUnused ? deployed.version : facts.servingVersion
  const needed = [...new Set([servingVersion, ...facts.slotModels])].filter((version) => version !== deployed.version)
  const others = needed.flatMap((version) => facts.kept.find((kept) => kept.version === version) ?? [])
  const next = { modelVersion: deployed.version, servingVersion, lineUp: leanLineUp(deployed, others) }
  return { ...next, revision: facts.revision + 1 }
}

/** How often a change is tried again that others came before. */
export const maxAttempts = 5
