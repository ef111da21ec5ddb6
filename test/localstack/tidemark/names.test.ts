import { decimal, entity, event, instant, metric, ratio, z } from 'tidemark'
import { viewsOfMetric } from '../../../core/view-names.ts'
import { findCrossingsSql } from '../../../sql/limits.ts'
import { BatchStage, shardA, shardB } from './batch-stage.ts'

/** Redshift's reserved words, which PostgreSQL's keywords are added to (AWS documentation, "Reserved words"). */
const redshiftWords = `aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup
between binary blanksasnull both bytedict bzip2 case cast check collate column constraint create credentials cross
current_date current_time current_timestamp current_user current_user_id default deferrable deflate defrag delta delta32k
desc disable distinct do else emptyasnull enable encode encrypt encryption end except explicit false for foreign freeze
from full globaldict256 globaldict64k grant group gzip having identity ignore ilike in initially inner intersect interval
into is isnull join leading left like limit localtime localtimestamp lun luns lzo lzop minus mostly16 mostly32 mostly8
natural new not notnull null nulls off offline offset oid old on only open or order outer overlaps parallel partition
percent permissions pivot placing primary raw readratio recover references rejectlog resort respect restore right select
session_user similar snapshot some start connect sysdate system table tag tdes text255 text32k then timestamp to top
trailing true truncatecolumns union unique unnest unpivot user using verbose wallet when where with without`.split(
  /\s+/,
)

/** What tables, columns and parts of queries of our own are called, and what else a quote is needed for. */
const innerNames = `gaps served side above fresh raised inverse_sum exact_value recency selected states cells counted
merged ranked pairs placed topped latest ref named buckets sides both_sides built largest rows_served buckets_differing
served_value period limit_key threshold number at_most live b c d e g h m o p r live_dataset_id serving_version
model_version line_up revision metric metric_version shard_id sequence_number dim_1 dim_8 mark position edge local_day
rejected state_ bucket_month`
  .split(/\s+/)
  .concat(['Shop', 'a b', 'a-b', 'a$b', 'straße', '1st', `x${'y'.repeat(62)}`])

/** Dimensions of these names are refused (`core/definition/columns.ts`); that of `at` is an instant. */
const refused = new Set(['oid', 'value', 'at'])

const chunked = (all: readonly string[], size: number): string[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, nth) => all.slice(nth * size, (nth + 1) * size))

const fieldsOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, z.string().optional()]))
/** An entity's fields are held to these (`core/describe-entity.ts`). */
const plain = (names: readonly string[]) => names.filter((name) => /^[A-Za-z_]\w*$/.test(name))
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const allKinds = ['count', 'sum', 'least', 'mean', 'spread', 'median', 'steps', 'kinds'] as const
type Kind = (typeof allKinds)[number]

/** A metric of each kind of measure by each eight of the dimensions, and what is made of two. */
const measured = (dimensions: readonly string[], kinds: readonly Kind[]) => {
  const sale = event('sale', { ...fieldsOf(dimensions), amount: decimal(2, 'EUR') })
  const measures = {
    count: sale.count('sales'),
    sum: sale.sum('amount'),
    least: sale.min('amount'),
    mean: sale.mean('amount'),
    spread: sale.stddev('amount'),
    median: sale.quantile('amount', 0.5),
    steps: sale.histogram('amount', [1, 2]),
    kinds: sale.countDistinct(dimensions[0] as never, dimensions[1] as never),
  }
  const metrics = chunked(dimensions, 8).flatMap((by, nth) =>
    kinds.map((kind) =>
      metric(`${kind}_${nth}`, measures[kind] as typeof measures.count, { by: by as never, per: 'month' }),
    ),
  )
  const [count] = metrics
  if (count === undefined) throw new Error('There are no dimensions.')
  const spent = metric('spent', sale.sum('amount'), { by: dimensions.slice(0, 8) as never, per: 'month' })
  return { metrics: [...metrics, spent], each: ratio('each_sale', spent, count), sale }
}

const exportedOf = (all: readonly { readonly name: string }[]) =>
  Object.fromEntries(all.map((one) => [`${one.name}_`, one]))

describe('names that SQL has a meaning for', () => {
  let stage: BatchStage
  let words: string[]
  beforeAll(async () => {
    stage = await BatchStage.start('warehouse')
    const rows = await stage.local.rows('SELECT word FROM pg_get_keywords()')
    words = [...new Set([...redshiftWords, ...rows.map(([word]) => String(word))])].sort()
  })
  afterAll(() => stage.stop())

  const allViews = async (): Promise<void> => {
    const { metrics, derived = [], entities = [] } = stage.model.data
    const views = [...[...metrics, ...derived].flatMap(viewsOfMetric), ...entities].map(({ name }) => name)
    for (const some of chunked(views, 50))
      await stage.local.rows(some.map((view) => `SELECT COUNT(*) FROM analytics.${quoted(view)}`).join(' UNION ALL '))
    const rows = await stage.local.rows("SELECT viewname FROM pg_views WHERE schemaname = 'analytics'")
    expect(rows.map(([name]) => String(name))).toEqual(expect.arrayContaining(views))
  }

  it('are metrics and entities, as many as there are keywords', async () => {
    const sale = event('sale', { amount: decimal(2, 'EUR') })
    const named = words.filter((word) => word !== 'value')
    expect(named.length).toBeGreaterThan(500)
    const [entities, metrics] = [named.filter((_, nth) => nth % 10 === 0), named.filter((_, nth) => nth % 10 !== 0)]
    const change = event('change', { ...fieldsOf(plain(innerNames)), ref: z.string(), at: instant() })
    await stage.deploy(
      exportedOf([
        ...metrics.map((word) => metric(word, sale.count(), { per: 'month' })),
        ...entities.map((word) => entity(word, change, { ref: 'ref', latest: 'at' })),
      ]),
    )
    await allViews()
  })

  it.each(['keywords', 'names of our own'])(
    'are dimensions, counted and compared by both layers: %s',
    async (which) => {
      const dimensions = which === 'keywords' ? words.filter((word) => !refused.has(word)) : innerNames
      // Each word stands in each kind's queries alike; names of our own stand in some kinds' queries alone.
      const kinds: readonly Kind[] = which === 'keywords' ? ['count', 'kinds'] : allKinds
      const { metrics, each, sale } = measured(dimensions, kinds)
      const refs = which === 'keywords' ? ['order', 'user', 'select'] : ['recency', 'served', 'ref', 'latest', 'period']
      const changes = refs.map((ref) =>
        entity(`by_${ref}`, event(`change_${ref}`, { ...fieldsOf(plain(dimensions)), [ref]: z.string() }), {
          ref: ref as never,
          latest: 'at',
        } as never),
      )
      await stage.reset()
      await stage.deploy(exportedOf([sale, ...metrics, each, ...changes]))
      const texts = Object.fromEntries(dimensions.map((name) => [name, `of ${name}`]))
      const put = (shardId: string, id: string) => {
        stage.put(shardId, { ...texts, type: 'sale', id, at: '2026-01-02T10:00:00Z', amount: '1.50' })
        for (const ref of refs) stage.put(shardId, { ...texts, type: `change_${ref}`, id, at: '2026-01-02T10:00:00Z' })
      }
      put(shardA, 'a')
      put(shardB, 'b')
      await stage.settle()
      const run = await stage.recompute({ full: true })
      expect([run.drift, run.next]).toEqual([0, 'promote'])
      put(shardA, 'c')
      await stage.settle()
      for (const [nth, by] of chunked(dimensions, 8).entries()) {
        const own = by.map((name) => (name === 'type' ? 'sale' : `of ${name}`))
        const [first = ''] = by
        for (const query of [{ by: by.join() }, { by: by.join(), top: '1', where: `${first}=${own[0]}` }]) {
          const { rows } = await stage.ask(`count_${nth}`, query)
          expect(rows.map((row) => [...by.map((name) => row.by[name]), row.value])).toEqual([[...own, 3]])
          for (const kind of kinds)
            if (!('top' in query) || kind !== 'steps')
              expect((await stage.ask(`${kind}_${nth}`, query)).rows).toHaveLength(1)
        }
        const columns = by.map(quoted).join(', ')
        const [row] = await stage.local.rows(`SELECT ${columns}, value FROM analytics.kinds_${nth}_year`)
        expect(row?.slice(0, by.length)).toEqual(own)
      }
      await allViews()
    },
  )

  it('are what a limit is for each of', async () => {
    for (const count of stage.model.data.metrics.filter(({ name }) => name.startsWith('count_')))
      for (const { name } of count.by) {
        const shape = { each: name, per: 'month', unit: 'sales', scale: 0, notifyAt: [100], description: null } as const
        const limit = { name: 'busy', metric: count.name, atMost: { amount: 1 }, ...shape }
        const query = { limit, metric: count, bound: null, modelVersion: stage.model.data.version, since: 0 }
        const sql = findCrossingsSql({ ...query, dialect: 'postgres' }, { revision: 1, foundAt: 0 })
        await stage.local.rows(`EXPLAIN ${sql.replace(':definition', "'{}'")}`)
      }
  })
})
