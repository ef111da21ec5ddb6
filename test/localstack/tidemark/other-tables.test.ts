import { migrate } from '../../../lambdas/batch/migrate.ts'
import { quoted } from '../../messages.ts'
import { BatchStage } from './batch-stage.ts'

describe('a warehouse whose tables another version made', () => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start('warehouse')
  })
  afterAll(() => stage.stop())

  const migrated = (): Promise<unknown> => migrate(stage.warehouse, stage.models, stage.model.data, 'postgres')

  it('is refused by the table’s name, and taken again once it fits', async () => {
    await migrated()
    await stage.local.prepare('ALTER TABLE ledger.dataset RENAME COLUMN exclusions TO something')
    await expect(migrated()).rejects.toThrow(quoted('otherTables'))
    await expect(migrated()).rejects.toThrow(/^The table ledger\.dataset .*column "exclusions" does not exist/)
    await stage.local.prepare('ALTER TABLE ledger.dataset RENAME COLUMN something TO exclusions')
    await migrated()
  })
})
