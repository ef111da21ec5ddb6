import { BatchStage } from './batch-stage.ts'
import { exclusionLaw } from './exclusion-law.ts'

describe('exclusions, on a warehouse', () => exclusionLaw(() => BatchStage.start()))
