import type { Group } from './example.ts'

export const fields: Group = {
  title: 'Fields',
  examples: [
    {
      title: 'A field that every JavaScript object has',
      definitions: "export const visit = event('visit', { constructor: z.string() })",
    },
    {
      title: 'A field whose schema runs a function',
      definitions: "export const visit = event('visit', { page: z.string().trim() })",
    },
    {
      title: 'A field that nests itself',
      definitions: `let tree: z.ZodType = z.string()
for (let depth = 0; depth < 20; depth++) tree = z.array(tree)
export const visit = event('visit', { tree })`,
    },
    {
      title: 'A field that is called as the path of a nested one',
      definitions:
        "export const visit = event('visit', { 'device.os': z.string(), device: z.object({ os: z.string() }) })",
    },
    {
      title: 'An identity, or a time, that is no field',
      definitions: `export const visit = event('visit', { page: z.string() }, { id: ['visitor'] })
export const click = event('click', { page: z.string() }, { at: 'clickedAt' })`,
    },
    {
      title: 'An identity of several values',
      definitions: "export const visit = event('visit', { pages: z.array(z.string()) }, { id: ['pages'] })",
    },
    {
      title: 'A decimal with a scale that is none',
      definitions: "export const sale = event('sale', { price: decimal(20, 'EUR') })",
    },
    {
      title: 'A secret that lies where nobody could take it out, and one that names the event',
      definitions: `export const call = event('call', { tokens: z.array(secret(z.string())) })
export const visit = event('visit', { type: secret(z.string()) })`,
    },
    {
      title: 'A secret that is used',
      definitions: `const call = event('call', { token: secret(z.string()), cost: secret(int('cents')) })
export const identified = event('identified', { token: secret(z.string()) }, { id: ['token'] })
export const calls = metric('calls', call.count(), { by: ['token'], per: 'day' })
export const own = metric('own', call.count(), { where: { token: 'x' }, per: 'day' })
export const cost = metric('cost', call.sum('cost'), { per: 'day' })`,
    },
  ],
}
