import { BatchStage } from '../../localstack/tidemark/batch-stage.ts'
import { parityCases } from '../../localstack/tidemark/parity-cases.ts'

describe('what a recompute changes, in memory', () => {
  parityCases(() => BatchStage.start('memory'))
})
