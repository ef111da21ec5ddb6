import { BatchStage } from '../../localstack/tidemark/batch-stage.ts'
import { exclusionLaw } from '../../localstack/tidemark/exclusion-law.ts'

describe('exclusions, on the twin', () => exclusionLaw(() => BatchStage.start('memory')))
