import type { Example, Group } from './example.ts'

const guest =
  "const change = event('change', { ref: z.string(), nick: z.string().optional(), born: instant().optional() })"

/** The first mistake of entities is told alone, since they refer to each other: so each has its example. */
const ofGuest = (title: string, options: string, before = guest): Example => ({
  title,
  definitions: `${before}\nexport const guest = entity('guest', change, ${options})`,
})

const order = `${guest}
const placed = event('placed', { id: z.string(), guest: z.string(), number: z.int(), price: int('cents'), tags: z.array(z.string()) })
const other = event('other', { price: int('cents') })
const order = entity('order', placed, { ref: 'number', latest: 'at' })`

const children = (title: string, parentRef: string, totals: string, exportsOrder = true): Example => ({
  title,
  definitions: `${order.replace('const order', `${exportsOrder ? 'export ' : ''}const order`)}
export const guest = entity('guest', change, {
  ref: 'ref',
  latest: 'at',
  children: { orders: order.under('${parentRef}', { totals: { spent: ${totals} } }) },
})`,
})

const spent = "{ measure: placed.sum('price') }"

export const entities: Group = {
  title: 'Entities',
  examples: [
    ofGuest('A ref that is no field', "{ ref: 'guest', latest: 'at' }"),
    ofGuest('A ref that may be missing', "{ ref: 'nick', latest: 'at' }"),
    ofGuest('A ref that is no text or whole number', "{ ref: 'at', latest: 'at' }"),
    ofGuest('A latest that is no instant, or may be missing', "{ ref: 'ref', latest: 'nick' }"),
    ofGuest(
      'A ref inside of an object',
      "{ ref: 'guest.ref', latest: 'at' }",
      "const change = event('change', { guest: z.object({ ref: z.string() }) })",
    ),
    ofGuest(
      'A ref that is a secret',
      "{ ref: 'ref', latest: 'at' }",
      "const change = event('change', { ref: secret(z.string()) })",
    ),
    ofGuest(
      'A field that can be no column',
      "{ ref: 'ref', latest: 'at' }",
      "const change = event('change', { ref: z.string(), 'first name': z.string() })",
    ),
    ofGuest(
      'Two fields that differ only in case',
      "{ ref: 'ref', latest: 'at' }",
      "const change = event('change', { ref: z.string(), name: z.string(), Name: z.string() })",
    ),
    ofGuest(
      'A field whose amounts JSON could not tell',
      "{ ref: 'ref', latest: 'at' }",
      "const change = event('change', { ref: z.string(), prices: z.array(decimal(2, 'EUR')) })",
    ),
    ofGuest("A condition of 'deleted' on what is no field", "{ ref: 'ref', latest: 'at', deleted: { gone: true } }"),
    children('Children of an entity that is not exported', 'guest', spent, false),
    children('Children whose parent ref is of another type', 'number', spent),
    children('A total of another event', 'guest', "{ measure: other.sum('price') }"),
    children('A total of elements', 'guest', "{ measure: placed.each('tags').count() }"),
    {
      title: 'A metric that is not exported',
      definitions: `${guest}
const changes = metric('changes', change.count(), { by: ['ref'], per: 'day' })
export const guest = entity('guest', change, { ref: 'ref', latest: 'at', metrics: { changes } })`,
    },
    {
      title: 'A metric that is not by the ref alone',
      definitions: `${guest}
export const changes = metric('changes', change.count(), { by: ['ref', 'nick'], per: 'day' })
export const guest = entity('guest', change, { ref: 'ref', latest: 'at', metrics: { changes } })`,
    },
    {
      title: 'A metric that does not keep all refs',
      definitions: `${guest}
export const changes = metric('changes', change.count(), { by: ['ref'], keep: { ref: ['a'] }, per: 'day' })
export const guest = entity('guest', change, { ref: 'ref', latest: 'at', metrics: { changes } })`,
    },
    {
      title: 'A metric and an entity of one name',
      definitions: `${guest}
export const guests = metric('guest', change.count(), { per: 'day' })
export const guest = entity('guest', change, { ref: 'ref', latest: 'at' })`,
    },
  ],
}
