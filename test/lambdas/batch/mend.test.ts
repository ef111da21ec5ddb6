import { BatchStage } from '../../localstack/tidemark/batch-stage.ts'
import { mendedDefinitionLaw } from '../../localstack/tidemark/mend.ts'

describe('a mended definition, on the twin', () => {
  mendedDefinitionLaw(() => BatchStage.start('memory'))
})
