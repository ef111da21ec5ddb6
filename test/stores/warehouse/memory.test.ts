import { BatchStage } from '../../localstack/tidemark/batch-stage.ts'
import { warehouseContracts } from './contracts.ts'

describe('the warehouse in memory', () => {
  warehouseContracts(() => BatchStage.start('memory'))
})
