import { entity, event, instant, int, metric, ratio, secret, z } from 'tidemark'
import { catalogueOf } from '../../core/catalogue.ts'
import { compileDefinitions } from '../../core/compile.ts'
import { loadHash64 } from '../../core/hash.ts'

const order = event(
  'order',
  {
    ref: z.string(),
    changed: instant(),
    cents: int('cents').nullable(),
    card: secret(z.string()),
    tags: z.array(z.string()),
  },
  { at: 'changed', describe: 'A full order, each time it changes', owner: 'shop team' },
)
const orders = metric('orders', order.count('orders'), { per: 'day', zone: 'UTC', describe: 'How many | how often?' })
const spent = metric('spent', order.sum('cents'), {
  per: 'day',
  by: ['ref'],
  live: '1h',
  where: { cents: { gte: '1 cents' } },
})
const words = { describe: 'Other words', owner: 'others' }

const compiled = async (exported: Readonly<Record<string, unknown>>) =>
  compileDefinitions(exported, await loadHash64()).data

describe('the catalogue', () => {
  it('holds everything once: what it is, its unit, who answers for it', async () => {
    const exported = {
      orders,
      spent,
      each: metric('tagged', order.each('tags').count('tags'), { by: ['tags'], per: 'hour' }),
      mean: ratio('spent_per_order', spent, orders, { owner: 'finance' }),
      current: entity('current_order', order, { ref: 'ref', latest: 'changed', metrics: { spent } }),
    }
    const page = catalogueOf(await compiled(exported))
    for (const name of ['orders', 'spent', 'tagged', 'spent_per_order', 'current_order', 'order', 'rejected'])
      expect(page.split(`### ${name}\n`)).toHaveLength(2)
    expect(page).toContain('### order\n\nA full order, each time it changes.\n\nOwner: shop team.')
    expect(page).toContain('How many | how often?\n\n- Measure: count of order\n- Unit: orders')
    expect(page).toContain('- Where: cents gte 1\n- By: ref\n- Per: day\n- Window: up to 1h')
    expect(page).toContain('- Measure: count of each tags of order')
    expect(page).toContain(
      '### spent_per_order\n\nOwner: finance.\n\n- Measure: spent / orders\n- Unit: cents per orders',
    )
    expect(page).toContain('- Latest: order by ref\n- Metric spent: spent')
    expect(page).toContain('| `card` | string |  | secret |')
    expect(page).toContain('| `cents` | integer | cents | may be null |')
  })

  it('stands in no version: other words are the same definitions', async () => {
    const reworded = event('order', order.definition.fields, { at: 'changed', ...words } as never)
    const [one, other] = await Promise.all([
      compiled({ orders, current: entity('current_order', order, { ref: 'ref', latest: 'changed' }) }),
      compiled({
        orders: metric('orders', reworded.count('orders'), { per: 'day', zone: 'UTC', ...words }),
        current: entity('current_order', reworded as unknown as typeof order, {
          ref: 'ref',
          latest: 'changed',
          ...words,
        }),
      }),
    ])
    expect(other.version).toBe(one.version)
    expect(other.metrics.map(({ version }) => version)).toEqual(one.metrics.map(({ version }) => version))
    expect(other.metrics[0]).toMatchObject({ description: 'Other words', owner: 'others' })
  })
})
