import { event, int, metric, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { loadHash64 } from '../../core/hash.ts'
import type { ModelData } from '../../core/model.ts'
import { dangersOf, differencesOf } from '../../core/model-diff.ts'

const compiled = async (exported: Readonly<Record<string, unknown>>): Promise<ModelData> =>
  compileDefinitions(exported, await loadHash64()).data

const fields = { shop: z.string(), amount: int('cents') }
const sale = event('sale', fields)
const before = {
  sales: metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour' }),
  turnover: metric('turnover', sale.sum('amount'), { per: 'day' }),
}

describe('what a change of definitions changes', () => {
  it('is nothing where they are the same', async () => {
    expect(differencesOf(await compiled(before), await compiled(before))).toEqual([])
  })

  it('is told by kind and name, and what of them', async () => {
    const after = {
      sales: metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour', where: { shop: 'mitte' } }),
      largest: metric('largest', sale.max('amount'), { per: 'day' }),
    }
    expect(differencesOf(await compiled(before), await compiled(after))).toEqual([
      { kind: 'metric', name: 'largest', change: 'added', parts: [] },
      {
        kind: 'metric',
        name: 'sales',
        change: 'changed',
        parts: ['where: [] -> [{"field":"shop","op":"is","value":"mitte"}]'],
      },
      { kind: 'metric', name: 'turnover', change: 'removed', parts: [] },
    ])
  })

  it('tells words from what decides values, which make no other model', async () => {
    const described = {
      ...before,
      turnover: metric('turnover', sale.sum('amount'), { per: 'day', describe: 'What was sold for.', maxDrift: 0.1 }),
    }
    expect(differencesOf(await compiled(before), await compiled(described))).toEqual([
      {
        kind: 'metric',
        name: 'turnover',
        change: 'described',
        parts: ['description: null -> "What was sold for."', 'maxDrift: null -> 0.1'],
      },
    ])
    expect((await compiled(described)).version).toBe((await compiled(before)).version)
  })

  it.each([
    ['a field that records from before may lack', { till: z.string() }, true],
    ['one that may be missing', { till: z.string().optional() }, false],
    ['one that something stands for', { till: z.string().default('1') }, false],
  ])('warns of junk by %s: %#', async (_, added, isDanger) => {
    const more = event('sale', { ...fields, ...added })
    const after = { sales: metric('sales', more.count('sales'), { by: ['shop'], per: 'hour' }) }
    const dangers = dangersOf(await compiled(before), await compiled(after))
    expect(dangers).toEqual(
      isDanger ? [expect.stringMatching(/^Event sale: field till is needed now.*Make it \.optional\(\)/)] : [],
    )
  })

  it('warns of junk by an event that is gone', async () => {
    const other = event('visit', {})
    const after = await compiled({ visits: metric('visits', other.count(), { per: 'day' }) })
    expect(dangersOf(await compiled(before), after)).toEqual([expect.stringContaining('Event sale is gone')])
  })
})
