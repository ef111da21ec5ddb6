import { decimal, entity, event, instant, int, metric, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { earliestMs, latestMs } from '../../core/definition/quantity.ts'
import { bodyOf, latestOf, rowOf, toldBy, versionComponent } from '../../core/entity.ts'
import { loadHash64 } from '../../core/hash.ts'
import { keepers, type Model } from '../../core/model.ts'
import { fold } from '../../core/state.ts'
import * as guestContext from '../../examples/guest-context/definitions/guests.ts'

const compiled = async (exported: Readonly<Record<string, unknown>>): Promise<Model> =>
  compileDefinitions(exported, await loadHash64())

const record = (event: object, sequenceNumber = '1', subSequence = 0) => ({
  shardId: 'shardId-000000000000',
  sequenceNumber: sequenceNumber.padStart(64, '0'),
  subSequence,
  arrivalTime: Date.parse('2017-03-26T17:00:00Z'),
  text: JSON.stringify(event),
})

const order = {
  type: 'order',
  ref: '123',
  guestRef: '1',
  status: 'PURCHASED',
  price: '12.50',
  modifiedAt: '2017-03-24T12:20:01.000Z',
}

describe('entities', () => {
  it('keep versions by ref and by what names their parents, under a version of their own', async () => {
    const { data } = await compiled(guestContext)
    const [guest, ofOrders] = data.entities ?? []
    expect([guest?.name, ofOrders?.name]).toEqual(['guest', 'order'])
    expect(ofOrders?.versions).toMatchObject({
      event: 'order',
      measure: { kind: 'latest', latest: 'modifiedAt', unit: 'versions' },
      by: [
        { name: 'ref', type: 'string' },
        { name: 'guestRef', type: 'string' },
      ],
      per: 'day',
      liveMs: null,
    })
    expect(guest?.versions.by.map(({ name }) => name)).toEqual(['ref'])
    expect(guest?.metrics).toEqual([{ as: 'everPriced', metric: 'priced', dimension: 'guestRef' }])
    expect(keepers(data).map(({ name }) => name)).toEqual(['priced', 'rejected', 'guest', 'order'])
  })

  it("don't change the versions of what is defined beside them", async () => {
    const { guest: _, order: __, ...others } = guestContext
    const [withEntities, without] = await Promise.all([compiled(guestContext), compiled(others)])
    expect(withEntities.data.metrics).toEqual(without.data.metrics)
    expect(withEntities.data.version).not.toBe(without.data.version)
    const renamed = {
      ...guestContext,
      guest: entity('guest', guestContext.guestChange, { ref: 'ref', latest: 'modifiedAt' }),
    }
    const { data } = await compiled(renamed)
    const versionOf = (model: typeof data, name: string) => keepers(model).find((one) => one.name === name)?.version
    expect(versionOf(data, 'guest')).not.toBe(versionOf(withEntities.data, 'guest'))
    expect(versionOf(data, 'order')).not.toBe(versionOf(withEntities.data, 'order'))
  })

  it('contribute each change as a version: what it says, and where it stands in order', async () => {
    const model = await compiled(guestContext)
    const decoded = model.decode(record(order))
    const versions = model.contributions(decoded, 'speed').filter(({ metric }) => metric === 'order')
    expect(versions).toEqual([
      {
        metric: 'order',
        bucket: Date.parse('2017-03-24'),
        dims: ['123', '1'],
        component: versionComponent(Date.parse(order.modifiedAt), decoded.place),
        op: 'max',
        value: 1,
        body: '{"ref":"123","modifiedAt":"2017-03-24T12:20:01.000Z","deleted":false,"guestRef":"1","status":"PURCHASED","price":"12.50","items":[]}',
        latest: true,
      },
    ])
    expect(model.contributions(decoded, 'batch').filter(({ metric }) => metric === 'order')).toEqual(versions)
    expect(model.liveContributions(decoded)).toEqual([])
    const [deleting] = model
      .contributions(model.decode(record({ ...order, deleted: true })), 'speed')
      .filter(({ metric }) => metric === 'order')
    expect(deleting?.value).toBe(0)
  })

  it('order versions by the field that decides, then by the stream, whatever the year', () => {
    const place = (sequence: string, sub: string, shard: string) =>
      `${sequence.padStart(64, '0')}.${sub.padStart(6, '0')}.${shard}`
    const inOrder = [
      versionComponent(earliestMs, place('9', '0', 'b')),
      versionComponent(-1, place('9', '0', 'b')),
      versionComponent(0, place('1', '0', 'b')),
      versionComponent(0, place('2', '0', 'a')),
      versionComponent(0, place('2', '0', 'b')),
      versionComponent(0, place('2', '1', 'a')),
      versionComponent(0, place('10', '0', 'a')),
      versionComponent(1, place('0', '0', 'a')),
      versionComponent(latestMs, place('0', '0', 'a')),
    ]
    expect(inOrder.toSorted()).toEqual(inOrder)
    expect(inOrder.map(latestOf)).toEqual([earliestMs, -1, 0, 0, 0, 0, 0, 1, latestMs])
  })

  it('keep of a micro-batch the latest version of each ref and parent alone', async () => {
    const model = await compiled(guestContext)
    const changes = [
      record({ ...order, status: 'CANCELLED', modifiedAt: '2017-03-24T13:00:00Z' }, '1'),
      record({ ...order, price: '1.00' }, '2'),
      record({ ...order, guestRef: '2' }, '3'),
      record({ ...order, modifiedAt: '2017-03-24T13:00:00Z' }, '4'),
    ]
    const cells = fold(changes.flatMap((one) => model.contributions(model.decode(one), 'speed')))
    const kept = cells.filter(({ metric }) => metric === 'order')
    expect(kept.map(({ dims, components }) => [dims, ...components.values()].map((one) => one))).toMatchObject([
      [['123', '1'], { body: expect.stringContaining('PURCHASED') }],
      [['123', '2'], { body: expect.stringContaining('"guestRef":"2"') }],
    ])
  })

  it('say what they were told: decimals exact, nulls left out, texts that every store holds', async () => {
    const { data } = await compiled(guestContext)
    const [event] = data.events.filter(({ name }) => name === 'order')
    if (event === undefined) throw new Error('no event')
    const row = {
      ref: '\ud800x',
      modifiedAt: Date.parse('0001-01-01T00:00:00Z'),
      deleted: false,
      guestRef: null,
      status: 'PURCHASED',
      price: -5n,
      items: ['a\ud800'],
    }
    const body = bodyOf(event, row)
    expect(body).toBe(
      '{"ref":"\ufffdx","modifiedAt":"0001-01-01T00:00:00.000Z","deleted":false,"status":"PURCHASED","price":"-0.05","items":["a\ufffd"]}',
    )
    const told = toldBy(event, String(body))
    expect(told.guestRef).toBeNull()
    expect(rowOf(event, told)).toEqual({ ...row, ref: '\ufffdx', items: ['a\ufffd'] })
    expect(bodyOf(event, { ...row, items: ['\0'] })).toEqual(
      new Error('items holds the character NUL, which no warehouse stores'),
    )
    const large = bodyOf(event, { ...row, items: ['ä'.repeat(20_000)] })
    expect(String(large)).toMatch(
      /^Error: its fields hold 40\d\d\d bytes as JSON; what is kept of an event holds at most 32768$/,
    )
  })

  it('reject a change that no warehouse could hold, and only of events that an entity is made of', async () => {
    const model = await compiled(guestContext)
    const large = record({ ...order, items: ['x'.repeat(40_000)] })
    expect(model.decode(large).rejection).toEqual({
      reason: 'invalid',
      detail: expect.stringMatching(/its fields hold 40\d\d\d bytes as JSON/),
    })
    const { guest: _, order: __, ...others } = guestContext
    expect((await compiled(others)).decode(large).rejection).toBeNull()
  })

  it('reject a change that nests deeper than JSON can be written, which must not stop its shard', async () => {
    const doc = event('doc', { ref: z.string(), content: z.any() })
    const model = await compiled({ doc, docs: entity('docs', doc, { ref: 'ref', latest: 'at' }) })
    const rejectionAt = (depth: number) => {
      const content = `${'['.repeat(depth)}${']'.repeat(depth)}`
      const text = `{"type":"doc","id":"1","at":5,"ref":"a","content":${content}}`
      return model.decode({ ...record({}), text }).rejection
    }
    expect(rejectionAt(100)).toBeNull()
    for (const depth of [101, 5000, 200_000])
      expect(rejectionAt(depth)).toEqual({ reason: 'invalid', detail: 'content nests more than 100 deep' })
  })

  const change = event(
    'change',
    { ref: z.string(), at: instant(), parent: z.string(), size: int('bytes'), maybe: z.string().nullable() },
    { at: 'at' },
  )
  const thing = entity('thing', change, { ref: 'ref', latest: 'at' })
  const per = 'day' as const
  it.each([
    [
      'refs',
      { x: entity('x', change, { ref: 'maybe' as 'ref', latest: 'at' }) },
      'Entity x: its ref maybe may be missing; every change must name its entity.',
    ],
    [
      'quantities',
      { x: entity('x', change, { ref: 'size' as 'ref', latest: 'at' }) },
      /its ref size is of kind integer; a ref is a string or a whole number/,
    ],
    [
      'unknown fields',
      { x: entity('x', change, { ref: 'none' as 'ref', latest: 'at' }) },
      'Entity x: its ref none is no field of event change; there are ',
    ],
    [
      'times',
      { x: entity('x', change, { ref: 'ref', latest: 'parent' as 'at' }) },
      'Entity x: latest is parent, which is no instant of every change',
    ],
    [
      'names',
      { thing, x: metric('thing', change.count(), { per }) },
      'Two metrics, entities, profiles, scores or sessions are called thing; rename one.',
    ],
    [
      'odd names',
      { x: entity('Thing', change, { ref: 'ref', latest: 'at' }) },
      'Entity Thing: a name is a letter in lower case',
    ],
    [
      'children that are not there',
      { x: entity('x', change, { ref: 'ref', latest: 'at', children: { things: thing.under('parent') } }) },
      'Entity x, children things: entity thing is not among the definitions; export it beside this one.',
    ],
    [
      'metrics by something else',
      {
        n: metric('n', change.count(), { per }),
        x: entity('x', change, { ref: 'ref', latest: 'at', metrics: { n: metric('n', change.count(), { per }) } }),
      },
      'Entity x, metrics n: metric n is by nothing; it must be by one dimension alone',
    ],
    [
      'totals of something else',
      {
        thing,
        x: entity('x', change, {
          ref: 'ref',
          latest: 'at',
          children: {
            things: thing.under('parent', { totals: { n: { measure: event('other', {}).count() as never } } }),
          },
        }),
      },
      'Entity x, children things, totals n: it measures event other, and thing is made of change; measure that one.',
    ],
    [
      'quantities inside of lists',
      {
        x: entity(
          'x',
          event('nested', { ref: z.string(), at: instant(), prices: z.array(decimal(2, 'EUR')) }, { at: 'at' }),
          { ref: 'ref', latest: 'at' },
        ),
      },
      'Entity x: field prices of event nested holds decimals, instants or amounts inside of a list or an object',
    ],
    [
      'fields that differ in case',
      {
        x: entity('x', event('cased', { ref: z.string(), Ref: z.string(), at: instant() }, { at: 'at' }), {
          ref: 'ref',
          latest: 'at',
        }),
      },
      "Entity x: two fields of event cased differ only in case (Ref); SQL can't tell them apart.",
    ],
    [
      'fields that are no column',
      {
        x: entity('x', event('odd', { ref: z.string(), "it's": z.string(), at: instant() }, { at: 'at' }), {
          ref: 'ref',
          latest: 'at',
        }),
      },
      "Entity x: field it's of event odd can be no column; use letters, digits and _.",
    ],
  ])('refuse %s', async (_, exported, message) => {
    await expect(compiled(exported)).rejects.toThrow(message)
  })
})
