import { BatchStage } from './batch-stage.ts'
import { mendedDefinitionLaw } from './mend.ts'

describe('a mended definition', () => {
  mendedDefinitionLaw(() => BatchStage.start())
})
