import { stageNamed } from '../../lib/stages.ts'
import { toldByTheStage } from './environment.ts'

const ports = { emulator: 4566, warehouse: 4567, spark: 4569, valkey: 4570 }
const patiences: number[] = []
jest.mock('#model', () => ({ loadModel: async () => ({ data: { version: '0123456789ab' } }) }), { virtual: true })
jest.mock('../../stores/warehouse/redshift-data.ts', () => ({
  maxStatements: 40,
  warehouseClient: () => ({}),
  RedshiftDataWarehouse: class {
    constructor(_client: unknown, _target: unknown, patienceMs: number) {
      patiences.push(patienceMs)
    }
  },
}))

describe('a function that waits for the warehouse', () => {
  toldByTheStage()

  // Ended by Lambda while it waits, it could not say why, nor cancel what it asked.
  it.each([
    ['batch', () => import('../../lambdas/batch/handler.ts')],
    ['limits', () => import('../../lambdas/limits/handler.ts')],
    ['serving', () => import('../../lambdas/serving/handler.ts')],
  ] as const)('gives up before its own time is over: %s', async (name, load) => {
    patiences.length = 0
    await load()
    expect(patiences.length).toBeGreaterThan(0)
    for (const stage of ['local', 'prod'])
      expect(Math.max(...patiences)).toBeLessThan(stageNamed(stage, { ports })[name].timeout.toMilliseconds())
  })
})
