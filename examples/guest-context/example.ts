import { seededRandom } from '../../cli/samples/shuffle.ts'
import type { Check, ExampleStage } from '../../scripts/example/stage.ts'
import { type Change, published, randomChanges } from './changes.ts'

const seed = 20_170_324
const changesEach = 3000

/** Guests and orders as changelogs, merged by both layers: the published example, and many guests held to a plain count. */
export const run = async (stage: ExampleStage): Promise<Check[]> => {
  const random = seededRandom(seed)
  const [older, newer] = [randomChanges(changesEach, random), randomChanges(changesEach, random)]
  await stage.ingest([...published.batch, ...older])
  const bySpeed = await guestsCheck(stage, 'speed alone', older)
  await stage.recompute()
  await stage.ingest([...published.speed, ...newer])
  const both = [...older, ...newer]
  return [
    bySpeed,
    await publishedByApi(stage),
    await publishedByCommandLine(stage),
    await publishedBySql(stage),
    await guestsCheck(stage, 'batch and speed', both),
    await answersCheck(stage, both),
  ]
}

interface Guest {
  readonly fields: { readonly firstName: string }
  readonly children: { readonly orders: readonly { readonly ref: string; readonly status: string }[] }
  readonly totals: { readonly orders: { readonly spent: string; readonly orders: number } }
}

const wanted = JSON.stringify([published.merged.firstName, published.merged.orders])

const toldOf = ({ fields, children }: Guest): string =>
  JSON.stringify([fields.firstName, children.orders.map(({ ref, status }) => [ref, status])])

const publishedByApi = async (stage: ExampleStage): Promise<Check> => ({
  what: 'the published guest, by the API',
  found: toldOf(await stage.api.get<Guest>('/v1/entities/guest/1')),
  wanted,
})

const publishedByCommandLine = async (stage: ExampleStage): Promise<Check> => ({
  what: 'the published guest, by the command line',
  found: toldOf(JSON.parse(await stage.tidemark('get', 'guest', '1', '--json')) as Guest),
  wanted,
})

const publishedBySql = async (stage: ExampleStage): Promise<Check> => {
  const [guest] = await stage.sql('SELECT "firstName" FROM analytics.guest WHERE ref = \'1\'')
  const orders = await stage.sql('SELECT ref, status FROM analytics."order" WHERE "guestRef" = \'1\' ORDER BY ref')
  return {
    what: 'the published guest, by SQL',
    found: JSON.stringify([guest?.firstName, orders.map(({ ref, status }) => [ref, status])]),
    wanted,
  }
}

/** The plain way: no two changes of a ref share an instant, so the latest is the one that sorts last. */
const latestOf = (changes: readonly Change[], type: Change['type']): Map<string, Change> => {
  const sorted = changes.filter((one) => one.type === type).toSorted((a, b) => (a.modifiedAt < b.modifiedAt ? -1 : 1))
  const latest = new Map(sorted.map((one) => [one.ref, one]))
  return new Map([...latest].filter(([, { deleted }]) => deleted !== true))
}

/** All guests but the published one, with what their orders come to, by one query. */
const guestsCheck = async (stage: ExampleStage, by: string, changes: readonly Change[]): Promise<Check> => {
  const rows = await stage.sql(`SELECT g.ref, g."firstName" AS name, COUNT(o.ref) AS orders, SUM(o.price) AS price
FROM analytics.guest g LEFT JOIN analytics."order" o ON o."guestRef" = g.ref
WHERE g.ref <> '1' GROUP BY g.ref, g."firstName"`)
  const found = rows.map(({ ref, name, orders, price }) => [ref, name, Number(orders), Number(price ?? 0)])
  const orders = [...latestOf(changes, 'order').values()]
  const counted = [...latestOf(changes, 'guest').values()].map(({ ref, firstName }) => {
    const own = orders.filter(({ guestRef }) => guestRef === ref)
    return [ref, firstName, own.length, own.reduce((sum, { price }) => sum + Number(price), 0)]
  })
  return {
    what: `${counted.length} guests with their orders, by ${by}`,
    found: digestOf(found),
    wanted: digestOf(counted),
  }
}

/** Some guests one by one, with their totals. */
const answersCheck = async (stage: ExampleStage, changes: readonly Change[]): Promise<Check> => {
  const guests = [...latestOf(changes, 'guest').keys()].slice(0, 25)
  const orders = [...latestOf(changes, 'order').values()]
  const found: unknown[] = []
  for (const ref of guests) {
    const { totals } = await stage.api.get<Guest>(`/v1/entities/guest/${ref}`)
    found.push([ref, totals.orders.orders, Number(totals.orders.spent)])
  }
  const counted = guests.map((ref) => {
    const own = orders.filter(({ guestRef }) => guestRef === ref)
    const purchased = own.filter(({ status }) => status === 'PURCHASED')
    return [ref, own.length, purchased.reduce((sum, { price }) => sum + Number(price), 0)]
  })
  return { what: `${guests.length} guests' totals, by the API`, found: digestOf(found), wanted: digestOf(counted) }
}

const digestOf = (rows: readonly unknown[]): string =>
  rows
    .map((row) => JSON.stringify(row))
    .sort()
    .join('\n')
