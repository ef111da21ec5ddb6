import { BatchStage } from '../../localstack/tidemark/batch-stage.ts'
import { underWayCases } from '../../localstack/tidemark/under-way.ts'

describe('two recomputes at once, in memory', () => {
  underWayCases(() => BatchStage.start('memory'))
})
