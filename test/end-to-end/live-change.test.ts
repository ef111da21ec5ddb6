import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../cli/connection.ts'
import { PolledAnswers } from './polled-answers.ts'
import { Seller } from './seller.ts'
import { StageUnderTest } from './stage-under-test.ts'

const sale = `
import { event, int, metric, z } from 'tidemark'
export const sale = event('sale', { shop: z.enum(['north', 'south']), amount: int('cents') })
`
const first = `${sale}
export const sales = metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour', live: '1h' })
export const turnover = metric('turnover', sale.sum('amount'), { per: 'day' })
`
/** `largest` is added, `sales` counts otherwise, `turnover` is gone. */
const second = `${sale}
export const sales = metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour', live: '1h', where: { amount: { gte: '500 cents' } } })
export const largest = metric('largest', sale.max('amount'), { per: 'day', live: '1h' })
`

/**
 * Definitions change while events flow. All the while every metric is asked for, by the API and in SQL, and each answer
 * is held to a count of the very records that it says it counts.
 */
describe('a change of definitions on a live stage', () => {
  let stage: StageUnderTest
  let connection: Connection
  let seller: Seller
  let polled: PolledAnswers

  const definitions = (name: string, text: string): string => {
    const dir = join(stage.home, name)
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'index.ts'), text)
    return dir
  }

  beforeAll(async () => {
    stage = await StageUnderTest.create()
    await stage.tidemark('local', 'up', '--definitions', definitions('first', first))
    connection = await stage.connect()
    seller = new Seller(connection.outputs.streamName)
    seller.start()
    polled = new PolledAnswers(connection, seller)
  })
  afterAll(async () => {
    await polled?.stop()
    await seller?.stop()
    await stage?.end()
  })

  /** Until each of the answers was seen so and so often since. */
  const watched = (times: number): Promise<void> => polled.until(times)

  /** Until there is a dataset: the first records may not be archived yet. */
  const recomputed = async (): Promise<void> => {
    await stage.tidemark('recompute')
    const { live } = await connection.api.get<{ live: string | null }>('/v1/status')
    if (live === null) await recomputed()
  }

  it('serves the old definitions, whole and fresh, until the new ones are; then those', async () => {
    polled.start()
    await watched(3)
    await recomputed()
    await watched(3)
    await stage.tidemark('local', 'up', '--definitions', definitions('second', second))
    // What the API knows of the deploy is five seconds old at most.
    await sleep(6000)
    polled.expectBuilding()
    await watched(5)
    await stage.tidemark('recompute')
    await watched(5)
    await polled.pause()
    expect(polled.served).toEqual(['first', 'second'])
    expect(polled.wrong).toEqual([])
  })

  it('goes back to the old definitions by a rollback, and forward again', async () => {
    polled.start()
    const { live: newest } = await connection.api.get<{ live: string | null }>('/v1/status')
    await stage.tidemark('rollback')
    await watched(4)
    await stage.tidemark('promote', newest ?? '')
    await watched(4)
    await polled.pause()
    expect(polled.served).toEqual(['first', 'second', 'first', 'second'])
    expect(polled.wrong).toEqual([])
    // One poller has one statement under way: at most one a switch.
    expect(polled.overtaken).toBeLessThanOrEqual(3)
  })

  it('ends counting by the old ones once no dataset of theirs can be gone back to', async () => {
    await stage.tidemark('recompute', '--full')
    const warehouse = await connection.warehouse()
    const [rows = []] = await warehouse.run({ statements: ['SELECT DISTINCT line_up FROM ledger.speed_position'] })
    expect(rows).toHaveLength(1)
    expect(String(rows[0]?.line_up)).toMatch(/^[0-9a-f]{12}$/)
  })
})
