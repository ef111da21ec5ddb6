import { latestOf } from '../../../core/entity.ts'
import * as guestContext from '../../../examples/guest-context/definitions/guests.ts'
import { answerEntity, type EntityAnswer, findEntity } from '../../../lambdas/serving/entities.ts'
import { randomOf } from './batch-law.ts'
import { arrival, BatchStage, sequence, shardA, shardB } from './batch-stage.ts'

const hourMs = 3_600_000
const reach = (stage: BatchStage) => ({ now: stage.now, overlapMs: 12 * hourMs, retentionMs: 168 * hourMs })

const get = (stage: BatchStage, name: string, ref: string): Promise<EntityAnswer> =>
  answerEntity(stage.model.data, stage.states, findEntity(stage.model.data, name), ref, reach(stage))

/** The same, or the problem's code. */
const tried = (stage: BatchStage, name: string, ref: string): Promise<unknown> =>
  get(stage, name, ref).then(
    ({ receipt: _, ...answer }) => answer,
    (problem: unknown) => (problem as { code?: string }).code ?? problem,
  )

let real: BatchStage
let twin: BatchStage
beforeAll(async () => {
  ;[real, twin] = await Promise.all([BatchStage.start(), BatchStage.start('memory')])
  for (const stage of [real, twin]) await stage.deploy(guestContext)
})
afterAll(() => real?.stop())

/** One change of a guest or an order, and where in the stream it stands. */
interface Change {
  readonly shardId: string
  readonly event: Readonly<Record<string, unknown>> & {
    readonly type: string
    readonly ref: string
    readonly modifiedAt: string
  }
}

const guests = ['g1', 'g2', 'g3']
const orders = ['o1', 'o2', 'o3', 'o4', 'o5']

const randomChange = (random: () => number): Change => {
  const pick = <One>(of: readonly One[]): One => of[Math.floor(random() * of.length)] as One
  const change = {
    // Few instants, so that many are equal; three days.
    modifiedAt: new Date(arrival - pick([0, 1, 2]) * 24 * hourMs - pick([0, 1, 2]) * 1000).toISOString(),
    ...(random() < 0.15 ? { deleted: true } : {}),
  }
  const shardId = pick([shardA, shardB])
  if (random() < 0.3)
    return {
      shardId,
      event: { type: 'guest', ref: pick(guests), firstName: `name ${Math.floor(random() * 99)}`, ...change },
    }
  const price = `${Math.floor(random() * 9)}.50`
  const guestRef = random() < 0.1 ? null : pick(guests)
  return {
    shardId,
    event: { type: 'order', ref: pick(orders), guestRef, status: pick(['PURCHASED', 'CANCELLED']), price, ...change },
  }
}

/** The plain way: of each ref the change that sorts last by instant, then by its place in the stream. */
const latestOfAll = (stage: BatchStage, type: string): Map<string, Record<string, unknown>> => {
  const changes = [...stage.stream.values()].flat().flatMap((record) => {
    const event = JSON.parse(record.text ?? '')
    return event.type === type
      ? [{ event, rank: [event.modifiedAt, record.sequenceNumber, record.shardId].join(' ') }]
      : []
  })
  const latest = new Map<string, Record<string, unknown>>()
  for (const { event } of changes.sort((a, b) => (a.rank < b.rank ? -1 : 1))) {
    // Taken out first, so that the map's order is that of the latest changes.
    latest.delete(event.ref)
    latest.set(event.ref, event)
  }
  return latest
}

const expectedGuest = (stage: BatchStage, ref: string): unknown => {
  const told = latestOfAll(stage, 'guest').get(ref)
  if (told === undefined || told.deleted === true) return 'unknown_ref'
  const held = [...latestOfAll(stage, 'order').values()].filter((one) => one.guestRef === ref && one.deleted !== true)
  const purchased = held.filter(({ status }) => status === 'PURCHASED')
  const cents = (all: readonly { readonly price?: unknown }[]): string =>
    (all.reduce((sum, { price }) => sum + Math.round(Number(price) * 100), 0) / 100).toFixed(2)
  const ever = [...stage.stream.values()]
    .flat()
    .map(({ text }) => JSON.parse(text ?? ''))
    .filter(({ type, guestRef }) => type === 'order' && guestRef === ref)
  return {
    entity: 'guest',
    ref,
    latest: told.modifiedAt,
    fields: { ref, modifiedAt: told.modifiedAt, deleted: false, firstName: told.firstName, vip: null },
    children: {
      orders: held.toReversed().map((one) => ({
        ref: one.ref,
        modifiedAt: one.modifiedAt,
        deleted: false,
        guestRef: ref,
        status: one.status,
        price: one.price,
        items: [],
      })),
    },
    totals: {
      orders: {
        spent: cents(purchased),
        orders: held.length,
        statuses: new Set(held.map(({ status }) => status)).size,
      },
    },
    metrics: { everPriced: { value: ever.length === 0 ? null : cents(ever), unit: 'EUR', exact: true } },
  }
}

const compare = async (what: string): Promise<void> => {
  for (const ref of guests)
    for (const stage of [real, twin])
      expect({ what, ref, answer: await tried(stage, 'guest', ref) }).toEqual({
        what,
        ref,
        answer: expectedGuest(stage, ref),
      })
}

describe('an entity, by batch and speed', () => {
  it.each([1, 2, 3, 4])('is its latest change, with its children, whatever is done (seed %i)', async (seed) => {
    const random = randomOf(seed)
    for (const stage of [real, twin]) {
      await stage.reset()
      await stage.deploy(guestContext)
    }
    const live: string[] = []
    const onBoth = async (act: (stage: BatchStage) => Promise<unknown>): Promise<void> => {
      for (const stage of [real, twin]) await act(stage)
    }
    for (let step = 0; step < 10; step++) {
      const dice = random()
      if (dice < 0.5 || live.length === 0) {
        const changes = Array.from({ length: 1 + Math.floor(random() * 12) }, () => randomChange(random))
        await onBoth(async (stage) => {
          for (const { shardId, event } of changes) stage.put(shardId, event)
          await stage.settle()
        })
        await compare(`${step}: ${changes.length} changes`)
      }
      if (dice < 0.35 || live.length === 0) {
        const full = random() < 0.3
        const datasets = new Set<string>()
        await onBoth(async (stage) => {
          const run = await stage.recompute({ full })
          // Every change is above the marks or below: nothing differs.
          if (run.next !== 'nothing') expect(run.drift).toBe(0)
          datasets.add(run.datasetId)
        })
        live.push(...datasets)
        await compare(`${step}: recompute, full: ${full}`)
      } else if (dice < 0.75) {
        await onBoth((stage) => stage.replay(shardA, 3).catch(refusedAs('nothing_to_replay')))
        await compare(`${step}: replay`)
      } else if (live.length > 1) {
        await onBoth((stage) => stage.step({ step: 'rollback' }))
        await compare(`${step}: rollback`)
      }
    }
  })

  it('is in its view as the API answers it', async () => {
    const rows = await real.local.rows('SELECT ref, "firstName", "modifiedAt", vip FROM analytics.guest ORDER BY ref')
    const answers = await Promise.all(guests.map((ref) => get(real, 'guest', ref).catch(() => null)))
    expect(rows.map(([ref, name, at, vip]) => [ref, name, `${String(at).replace(' ', 'T')}`, vip])).toEqual(
      answers.flatMap((one) =>
        one === null
          ? []
          : [[one.ref, one.fields.firstName, expect.stringContaining(String(one.latest).slice(0, 19)), null]],
      ),
    )
    const priced = await real.local.rows('SELECT ref, price, items, deleted FROM analytics."order" ORDER BY ref')
    const orders = [...latestOfAll(real, 'order').values()].filter(({ deleted }) => deleted !== true)
    expect(priced).toEqual(
      orders
        .sort((a, b) => (String(a.ref) < String(b.ref) ? -1 : 1))
        .map(({ ref, price }) => [ref, price, '[]', false]),
    )
  })
})

const refusedAs =
  (code: string) =>
  (error: unknown): void => {
    if ((error as { code?: unknown }).code !== code) throw error
  }

describe('the published example', () => {
  const now = Date.parse('2017-03-26T17:00:00Z')
  const john = { type: 'guest', ref: '1', firstName: 'John' }
  const of = (ref: string, status: string, modifiedAt: string) => ({
    type: 'order',
    ref,
    guestRef: '1',
    status,
    price: '10.00',
    modifiedAt,
  })

  it('merges what batch and speed hold of guest 1', async () => {
    for (const stage of [real, twin]) {
      await stage.reset()
      await stage.deploy(guestContext)
      stage.put(shardA, { ...john, modifiedAt: '2017-03-24T12:18:19.100Z' }, now - 48 * hourMs)
      stage.put(shardA, of('123', 'PURCHASED', '2017-03-24T12:20:01.000Z'), now - 48 * hourMs)
      stage.put(shardB, of('456', 'PURCHASED', '2016-12-10T22:20:15.000Z'), now - 48 * hourMs)
      await stage.settle()
      stage.now = now - 24 * hourMs
      await stage.recompute({ full: true })
      stage.put(shardB, { ...john, modifiedAt: '2017-03-26T16:38:19.100Z' }, now)
      stage.put(shardA, { ...john, firstName: 'Johnny', modifiedAt: '2017-03-26T16:42:59.250Z' }, now)
      stage.put(shardB, of('123', 'CANCELLED', '2017-03-26T16:42:00.000Z'), now)
      await stage.settle()
      stage.now = now
      const answer = await get(stage, 'guest', '1')
      expect(answer).toMatchObject({
        latest: '2017-03-26T16:42:59.250Z',
        fields: { firstName: 'Johnny' },
        children: {
          orders: [
            { ref: '123', status: 'CANCELLED', modifiedAt: '2017-03-26T16:42:00.000Z' },
            { ref: '456', status: 'PURCHASED', modifiedAt: '2016-12-10T22:20:15.000Z' },
          ],
        },
        totals: { orders: { spent: '10.00', orders: 2, statuses: 2 } },
        receipt: { queryWindowMs: 129_600_000 },
      })
    }
  })

  it('reaches further back for an older dataset by itself, and fails where speed keeps no more', async () => {
    for (const stage of [real, twin]) {
      stage.now = now + 48 * hourMs
      expect((await get(stage, 'guest', '1')).receipt.queryWindowMs).toBe(302_400_000)
      stage.now = now + 132 * hourMs
      expect((await get(stage, 'guest', '1')).receipt.queryWindowMs).toBe(168 * hourMs)
      stage.now += 1
      await expect(get(stage, 'guest', '1')).rejects.toMatchObject({ code: 'dataset_too_old', status: 503 })
    }
  })

  it('tells what is deleted, unknown, or no ref', async () => {
    for (const stage of [real, twin]) {
      stage.now = now
      stage.put(shardA, { ...john, modifiedAt: '2017-03-27T00:00:00Z', deleted: true }, now + 7 * hourMs)
      stage.put(shardA, { ...john, modifiedAt: '2017-03-26T23:00:00Z' }, now + 7 * hourMs)
      await stage.settle()
      await expect(get(stage, 'guest', '1')).rejects.toMatchObject({
        code: 'unknown_ref',
        message: 'guest 1 was deleted at 2017-03-27T00:00:00.000Z.',
      })
      await expect(get(stage, 'guest', "it's  1")).rejects.toMatchObject({ code: 'unknown_ref' })
      await expect(get(stage, 'guest', '')).rejects.toMatchObject({ code: 'unknown_ref' })
    }
    expect(
      latestOf(
        (
          await real.states.readEntity({
            versions: findEntity(real.model.data, 'guest').versions,
            ref: '1',
            children: [],
            metrics: [],
            limit: 1,
          })
        ).version?.component ?? '',
      ),
    ).toBe(Date.parse('2017-03-27'))
  })

  it('keeps what a stalled shard brings late, older than the window and above its mark', async () => {
    for (const stage of [real, twin]) {
      await stage.reset()
      await stage.deploy(guestContext)
      const arrived = now - 60 * hourMs
      stage.put(shardA, { ...john, modifiedAt: '2017-03-24T04:00:00Z' }, arrived)
      stage.put(shardB, of('123', 'PURCHASED', '2017-03-24T04:01:00.000Z'), arrived)
      await stage.settle()
      // The shard stalls: these have arrived, and nobody has read them when the dataset is sealed two days later.
      const stalled = [
        stage.put(shardB, of('123', 'CANCELLED', '2017-03-24T04:02:00.000Z'), arrived + 1000),
        stage.put(shardB, of('456', 'PURCHASED', '2017-03-24T04:03:00.000Z'), arrived + 2000),
        stage.put(shardB, { ...john, firstName: 'Johnny', modifiedAt: '2017-03-24T04:04:00Z' }, arrived + 3000),
      ]
      stage.now = now - 12 * hourMs
      const { datasetId } = await stage.recompute({ full: true })
      expect((await stage.ledger.marks(datasetId))[shardB]).toBe(sequence(1))
      expect((await get(stage, 'guest', '1')).totals.orders).toMatchObject({ orders: 1, spent: '10.00' })
      stage.now = now
      await stage.writer().write(shardB, stalled)
      const answer = await get(stage, 'guest', '1')
      const { queryWindowMs } = answer.receipt
      expect(queryWindowMs).toBe(24 * hourMs)
      for (const { arrivalTime } of stalled) expect(stage.now - arrivalTime).toBeGreaterThan(queryWindowMs ?? 0)
      expect(answer).toMatchObject({
        fields: { firstName: 'Johnny' },
        children: {
          orders: [
            { ref: '456', status: 'PURCHASED' },
            { ref: '123', status: 'CANCELLED' },
          ],
        },
        totals: { orders: { orders: 2, spent: '10.00', statuses: 2 } },
        metrics: { everPriced: { value: '30.00' } },
      })
    }
    const rows = await real.local.rows('SELECT ref, status FROM analytics."order" ORDER BY ref')
    expect(rows).toEqual([
      ['123', 'CANCELLED'],
      ['456', 'PURCHASED'],
    ])
  })
})
