import { stageRows } from '../../../stores/archive/staging.ts'
import { SqlSpeedLedger } from '../../../stores/ledger/sql-speed-ledger.ts'
import { RedshiftDataWarehouse } from '../../../stores/warehouse/redshift-data.ts'
import { warehouseContracts } from '../../stores/warehouse/contracts.ts'
import type { CutLedger } from '../../stores/warehouse/cut-ledger-contract.ts'
import { FaultyConnection } from '../faulty-connection.ts'
import { BatchStage } from '../tidemark/batch-stage.ts'

const cut = async (stage: BatchStage): Promise<CutLedger> => {
  const way = await FaultyConnection.to(Number(new URL(stage.local.url).port), (_, body) =>
    body.includes('INSERT INTO ledger.speed_edge'),
  )
  const client = stage.local.clientAt(way.url)
  const warehouse = new RedshiftDataWarehouse(client, {
    workgroup: 'tidemark-test',
    database: 'tidemark',
    secretArn: null,
  })
  let staged = 0
  const rows = stageRows(stage.archive, 'lake', () => `cut-${staged++}`)
  return {
    ledger: new SqlSpeedLedger({ warehouse, stageRows: rows, copyRoleArn: '' }),
    fates: way.fates,
    stop: async () => {
      client.destroy()
      await way.stop()
    },
  }
}

describe('the warehouse by its Data API', () => {
  warehouseContracts(() => BatchStage.start(), cut)
})
