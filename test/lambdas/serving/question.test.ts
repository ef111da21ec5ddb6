import fc from 'fast-check'
import { event, metric, z } from 'tidemark'
import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import type { MetricData, Model } from '../../../core/model.ts'
import { Problem } from '../../../core/problem.ts'
import { writeCursor } from '../../../lambdas/serving/cursor.ts'
import { answerMetric, listMetrics } from '../../../lambdas/serving/metrics.ts'
import { readQuestion } from '../../../lambdas/serving/question.ts'
import { route, type Serving } from '../../../lambdas/serving/routes.ts'
import { conditionSql } from '../../../sql/cells.ts'
import { SqlStates } from '../../../stores/states/sql.ts'

const visit = event('visit', { shopName: z.string(), floor: z.int(), member: z.boolean() })
const definitions = {
  visits: metric('visits', visit.count(), { by: ['shopName', 'floor', 'member'], per: 'hour' }),
  kept: metric('kept', visit.count(), { by: ['shopName'], keep: { shopName: ['a', 'b=c'] }, per: 'hour', live: '1h' }),
}

describe('a question', () => {
  let model: Model
  let visits: MetricData
  beforeAll(async () => {
    model = compileDefinitions(definitions, await loadHash64())
    const found = model.data.metrics.find(({ name }) => name === 'visits')
    if (found === undefined) throw new Error('The metric visits is missing.')
    visits = found
  })
  const read = (query: string) => readQuestion(visits, new URLSearchParams(query))
  const codeOf = (query: string): string => {
    try {
      read(query)
      return 'none'
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      expect(error.status).toBe(400)
      return error.code
    }
  }

  it('asks for everything in the metric’s own buckets where nothing is said', () => {
    expect(read('')).toEqual({
      metric: visits,
      per: 'hour',
      by: [],
      where: [],
      layer: null,
      from: null,
      to: null,
      days: { from: null, to: null },
      range: { from: null, to: null },
      top: null,
      limit: 10_000,
      cursor: null,
    })
  })

  it('is read as it was asked', () => {
    const pin = { datasetId: 'ds-20260101T000000Z-00000000', positions: { 'shardId-000000000000': '1'.repeat(64) } }
    const cursor = { offset: 7, pin, modelVersion: '0123456789ab' }
    const query = new URLSearchParams({
      from: '2026-01-01',
      to: '2026-01-01T12:00:00+02:00',
      per: 'day',
      by: 'member,shopName',
      layer: 'batch',
      top: '3',
      limit: '5',
      cursor: writeCursor(cursor),
    })
    for (const condition of ['shopName=a=b ', 'shopName= ', 'floor=-02', 'member=true'])
      query.append('where', condition)
    expect(readQuestion(visits, query)).toEqual({
      metric: visits,
      per: 'day',
      by: ['member', 'shopName'],
      where: [
        { dimension: 'shopName', value: 'a=b' },
        { dimension: 'shopName', value: '' },
        { dimension: 'floor', value: -2n },
        { dimension: 'member', value: true },
      ],
      layer: 'batch',
      from: Date.UTC(2026, 0, 1),
      to: Date.UTC(2026, 0, 1, 10),
      days: { from: null, to: null },
      range: { from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T10:00:00.000Z' },
      top: 3,
      limit: 5,
      cursor,
    })
    expect(read('per=total').per).toBeNull()
    expect(read('by=').by).toEqual([])
  })

  it.each([
    ['form=2026-01-01', 'unknown_parameter'],
    ['from=2026-01-01&from=2026-02-01', 'repeated_parameter'],
    ['by=floor&by=member', 'repeated_parameter'],
    ['from=yesterday', 'invalid_range'],
    ['from=', 'invalid_range'],
    ['from=2026-01-01T00:00:00', 'invalid_range'],
    ['from=2026-02-30', 'invalid_range'],
    ['from=2026-02-30T00:00:00Z', 'invalid_range'],
    ['from=2026-13-01', 'invalid_range'],
    ['from=0000-01-01', 'invalid_range'],
    ['from=0001-01-01T00:00:00%2B01:00', 'invalid_range'],
    ['to=9999-12-31T23:00:00-01:00', 'invalid_range'],
    ['from=2026-01-01T00:30:00Z', 'unaligned_range'],
    ['to=2026-01-01T00:00:00.001Z', 'unaligned_range'],
    ['from=2026-01-02&to=2026-01-01', 'empty_range'],
    ['from=2026-01-01&to=2026-01-01', 'empty_range'],
    ['per=minute', 'unknown_bucket'],
    ['per=Day', 'unknown_bucket'],
    ['per=', 'unknown_bucket'],
    ['by=shop', 'unknown_dimension'],
    ['by=floor,', 'unknown_dimension'],
    ['by=floor,floor', 'repeated_dimension'],
    ['top=0', 'invalid_top'],
    ['top=10001', 'invalid_top'],
    ['top=2.5', 'invalid_top'],
    ['where=shopName', 'invalid_where'],
    ['where==a', 'invalid_where'],
    ['where=shop=a', 'unknown_dimension'],
    ['where=shopName=a%00', 'invalid_where'],
    ['where=floor=two', 'invalid_where'],
    ['where=floor=1.5', 'invalid_where'],
    ['where=floor=', 'invalid_where'],
    ['where=floor=12345678901234567', 'invalid_where'],
    ['where=member=TRUE', 'invalid_where'],
    ['layer=window', 'unknown_layer'],
    ['layer=', 'unknown_layer'],
    ...['', '0', '-1', '10001', '1.5', '1e3', '0x10', ' 5', 'all'].map((limit) => [`limit=${limit}`, 'invalid_limit']),
    ['cursor=', 'invalid_cursor'],
    ['cursor=%25', 'invalid_cursor'],
    [`cursor=${Buffer.from('null').toString('base64url')}`, 'invalid_cursor'],
  ])('%s is refused as %s', (query, code) => {
    expect(codeOf(query ?? '')).toBe(code)
  })

  it.each([
    { offset: -1 },
    { offset: 1.5 },
    { pin: null },
    { pin: { datasetId: "x' OR 1=1", positions: {} } },
    { pin: { datasetId: 'x'.repeat(65), positions: {} } },
    { pin: { datasetId: '', positions: { "s'": '1'.repeat(64) } } },
    { pin: { datasetId: '', positions: { s: `${'1'.repeat(63)}'` } } },
    { pin: { datasetId: '', positions: { s: 1 } } },
  ])('a cursor that no answer gave is refused: %j', (flaw) => {
    const cursor = { offset: 0, pin: { datasetId: '', positions: {} }, modelVersion: '0123456789ab', ...flaw }
    expect(codeOf(`cursor=${Buffer.from(JSON.stringify(cursor)).toString('base64url')}`)).toBe('invalid_cursor')
  })

  it('lets no text of the asker’s into SQL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        fc.pre(!text.includes('\0') && !text.endsWith(' '))
        const query = new URLSearchParams({ where: `shopName=${text}` })
        const [condition, ...others] = readQuestion(visits, query).where.map(conditionSql)
        expect(others).toEqual([])
        expect(condition).toEqual({ sql: '"shopName" = :where0', parameters: { where0: text.toWellFormed() } })
      }),
    )
    fc.assert(
      fc.property(
        fc.constantFrom('from', 'per', 'by', 'layer', 'limit', 'cursor', 'where'),
        fc.string(),
        (name, text) => ['string', 'object'].includes(typeof codeOf(new URLSearchParams({ [name]: text }).toString())),
      ),
    )
  })

  it('is for what is kept, of a range and of a window alike, and says what is not', async () => {
    const kept = model.data.metrics.find(({ name }) => name === 'kept')
    if (kept === undefined) throw new Error('The metric kept is missing.')
    const where = (value: string) => readQuestion(kept, new URLSearchParams({ where: `shopName=${value}` })).where
    for (const value of ['a', 'b=c', 'other'])
      for (const asked of [value, `${value}  `]) expect(where(asked)).toEqual([{ dimension: 'shopName', value }])
    const refused = {
      code: 'value_not_kept',
      status: 400,
      message: 'Metric kept does not keep c of shopName: it is counted as other, with all others.',
      facts: { allowed: ['a', 'b=c', 'other'] },
    }
    expect(() => where('c')).toThrow(expect.objectContaining(refused))
    const query = new URLSearchParams({ last: '5m', where: 'shopName=c' })
    await expect(route({ model: model.data } as Serving, '/v1/windows/kept', query)).rejects.toMatchObject(refused)
    const windows = { shards: () => Promise.reject(new Error('its window is read')) }
    const blank = new URLSearchParams({ last: '5m', where: 'shopName=a ' })
    const serving = { model: model.data, windows, now: () => 0 } as unknown as Serving
    await expect(route(serving, '/v1/windows/kept', blank)).rejects.toThrow('its window is read')
    const { metrics } = listMetrics(model.data)
    expect(metrics.map((one) => [one.name, 'keep' in one ? one.keep : null])).toEqual([
      ['kept', { shopName: { values: ['a', 'b=c'], other: 'other' } }],
      ['rejected', null],
      ['visits', null],
    ])
  })

  it('is answered by its dimensions though Redshift names columns in lower case', async () => {
    const rows = [{ bucket: '2026-01-01 10:00:00', shopname: 'mitte', floor: 2, member: null, value: '3' }]
    const warehouse = { run: async () => [[], rows], start: async () => '', isDone: async () => true }
    const answer = await answerMetric(model.data, new SqlStates(warehouse, ''), read('by=shopName,floor,member'))
    expect(answer.rows).toEqual([
      {
        bucket: '2026-01-01T10:00:00.000Z',
        by: { shopName: 'mitte', floor: 2, member: null },
        value: 3,
        exact: true,
      },
    ])
  })

  it.each(['/v1/metrics/%', '/v1/metrics/%E0%A4%A', '/v1/metrics/a/b', '/v2', '/v1/metrics/none'])(
    'at %s is told that nothing is there',
    async (path) => {
      const serving = { model: model.data } as Serving
      await expect(route(serving, path, new URLSearchParams())).rejects.toMatchObject({ status: 404 })
    },
  )
})
