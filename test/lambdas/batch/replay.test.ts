import { BatchStage } from '../../localstack/tidemark/batch-stage.ts'
import { replaySchedules } from '../../localstack/tidemark/replay-schedules.ts'

describe('counting speed rows again from the archive, on the twin', () => {
  replaySchedules(() => BatchStage.start('memory'))
})
