import type { ModelData } from '../../core/model.ts'
import type { MemoryWarehouse } from '../warehouse/memory.ts'
import { recordDeployed, recordRetired } from '../warehouse/memory-models.ts'
import type { DeployedModels, ModelLedger } from './model-ledger.ts'

/** The model ledger in memory: what the SQL adapter does, under the same contract tests. */
export class MemoryModelLedger implements ModelLedger {
  readonly #warehouse: MemoryWarehouse

  constructor(warehouse: MemoryWarehouse) {
    this.#warehouse = warehouse
  }

  async models(): Promise<DeployedModels> {
    const [model] = this.#warehouse.committed.model
    if (model === undefined)
      throw new Error('ledger.model is empty: the warehouse was never migrated; deploy the stage.')
    return model
  }

  deploy(model: ModelData): Promise<DeployedModels> {
    return this.#warehouse.transactLocked('deploy', (draft) => recordDeployed(draft, model))
  }

  retire(): Promise<DeployedModels> {
    return this.#warehouse.transactLocked('retire', recordRetired)
  }
}
