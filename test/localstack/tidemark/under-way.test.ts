import { BatchStage } from './batch-stage.ts'
import { underWayCases } from './under-way.ts'

describe('two recomputes at once, on a warehouse', () => {
  underWayCases(() => BatchStage.start('warehouse'))
})
