import { BatchStage } from './batch-stage.ts'
import { parityCases } from './parity-cases.ts'

describe('what a recompute changes, on a warehouse', () => {
  parityCases(() => BatchStage.start('warehouse'))
})
