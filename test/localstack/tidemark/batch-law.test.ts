import { mergedAnswerLaw } from './batch-law.ts'
import { BatchStage } from './batch-stage.ts'

describe('whatever happens, in whatever order, on a warehouse', () => {
  mergedAnswerLaw(() => BatchStage.start(), [1, 2, 3, 4, 5])
})
