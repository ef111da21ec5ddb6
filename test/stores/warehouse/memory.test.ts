import type { SpeedLedger } from '../../../stores/ledger/speed-ledger.ts'
import { BatchStage } from '../../localstack/tidemark/batch-stage.ts'
import { Fates, sentOver } from '../fates.ts'
import { warehouseContracts } from './contracts.ts'
import type { CutLedger } from './cut-ledger-contract.ts'

/** A commit carries a token: sent again, it is answered as it first was. */
const cut = async (stage: BatchStage): Promise<CutLedger> => {
  const fates = new Fates()
  const ledger = stage.speedLedger()
  const commit = ledger.commit.bind(ledger)
  ledger.commit = (known, batch) => {
    let answer: ReturnType<SpeedLedger['commit']> | undefined
    return sentOver(fates, () => {
      answer ??= commit(known, batch)
      return answer
    })
  }
  return { ledger, fates, stop: async () => undefined }
}

describe('the warehouse in memory', () => {
  warehouseContracts(() => BatchStage.start('memory'), cut)
})
