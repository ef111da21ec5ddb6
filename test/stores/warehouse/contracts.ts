import type { BatchStage } from '../../localstack/tidemark/batch-stage.ts'
import { datasetLedgerContract } from './dataset-ledger-contract.ts'
import { exclusionLedgerContract } from './exclusion-ledger-contract.ts'
import { speedLedgerContract } from './speed-ledger-contract.ts'
import { statesContract } from './states-contract.ts'

/** What the warehouse's stores do, on a warehouse or on its twin. */
export const warehouseContracts = (start: () => Promise<BatchStage>): void => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await start()
  })
  beforeEach(() => stage.reset())
  afterAll(() => stage.stop())

  describe('the speed ledger', () => speedLedgerContract(() => stage))
  describe('the dataset ledger', () => datasetLedgerContract(() => stage))
  describe('the exclusion ledger', () => exclusionLedgerContract(() => stage))
  describe('the states', () => statesContract(() => stage))
}
