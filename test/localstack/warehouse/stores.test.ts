import { warehouseContracts } from '../../stores/warehouse/contracts.ts'
import { BatchStage } from '../tidemark/batch-stage.ts'

describe('the warehouse by its Data API', () => {
  warehouseContracts(() => BatchStage.start())
})
