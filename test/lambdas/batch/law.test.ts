import { mergedAnswerLaw } from '../../localstack/tidemark/batch-law.ts'
import { BatchStage } from '../../localstack/tidemark/batch-stage.ts'

describe('whatever happens, in whatever order, on the twin', () => {
  mergedAnswerLaw(
    () => BatchStage.start('memory'),
    Array.from({ length: 12 }, (_, place) => place + 1),
  )
})
