import type { BatchStage } from '../../localstack/tidemark/batch-stage.ts'
import { type CutLedger, cutLedgerContract } from './cut-ledger-contract.ts'
import { datasetLedgerContract } from './dataset-ledger-contract.ts'
import { exclusionLedgerContract } from './exclusion-ledger-contract.ts'
import { speedLedgerContract } from './speed-ledger-contract.ts'
import { statesContract } from './states-contract.ts'

/**
 * What the warehouse's stores do, on a warehouse or on its twin.
 * @param cut the stage's speed ledger, over a connection that is cut
 */
export const warehouseContracts = (
  start: () => Promise<BatchStage>,
  cut: (stage: BatchStage) => Promise<CutLedger>,
): void => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await start()
  })
  beforeEach(() => stage.reset())
  afterAll(() => stage.stop())

  describe('the speed ledger', () => speedLedgerContract(() => stage))
  describe('the speed ledger, over connections that are cut', () => cutLedgerContract(() => stage, cut))
  describe('the dataset ledger', () => datasetLedgerContract(() => stage))
  describe('the exclusion ledger', () => exclusionLedgerContract(() => stage))
  describe('the states', () => statesContract(() => stage))
}
