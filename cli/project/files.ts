/** The files of a new project, by path. */
export const projectFiles = (name: string): Record<string, string> => ({
  'definitions/index.ts': definitions,
  'sample.ndjson': sample(),
  'package.json': `${JSON.stringify(packageJson(name), null, 2)}\n`,
  'tsconfig.json': `${JSON.stringify(tsconfig, null, 2)}\n`,
  '.gitignore': 'node_modules/\n.tidemark/\n',
  'README.md': readme(name),
})

const definitions = `import { decimal, event, metric, z } from 'tidemark'

/** One JSON object on the stream whose "type" is "order". "id" makes two records one event, "at" is when it happened. */
export const order = event('order', {
  shop: z.string(),
  channel: z.enum(['web', 'app', 'store']),
  amount: decimal(2, 'EUR'),
})

export const orders = metric('orders', order.count('orders'), {
  by: ['shop', 'channel'],
  per: 'hour',
  live: '1h',
  describe: 'Orders placed',
})

export const revenue = metric('revenue', order.sum('amount'), {
  by: ['shop'],
  per: 'day',
  live: '1d',
  describe: 'What was ordered, in money',
})
`

const shops = ['Antwerp', 'Bruges', 'Ghent']
const channels = ['web', 'app', 'store']

/** Twelve orders of one morning. */
const sample = (): string =>
  Array.from({ length: 12 }, (_, index) => ({
    type: 'order',
    id: `order-${index + 1}`,
    at: new Date(Date.UTC(2026, 0, 15, 8, index * 15)).toISOString(),
    shop: shops[index % shops.length],
    channel: channels[(index * 2) % channels.length],
    amount: `${10 + index}.${String((index * 37) % 100).padStart(2, '0')}`,
  }))
    .map((event) => `${JSON.stringify(event)}\n`)
    .join('')

const packageJson = (name: string) => ({
  name,
  version: '0.0.0',
  private: true,
  type: 'module',
  scripts: {
    up: 'tidemark local up --definitions definitions',
    down: 'tidemark local down',
    ingest: 'tidemark ingest sample.ndjson',
    verify: 'tidemark verify',
  },
  dependencies: { tidemark: '^0.1.0' },
})

const tsconfig = {
  compilerOptions: {
    target: 'ES2023',
    module: 'ESNext',
    moduleResolution: 'bundler',
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  },
  include: ['definitions'],
}

const readme = (name: string): string => `# ${name}

\`definitions/index.ts\` says which events there are and what is measured of them. Everything else follows from it.

    tidemark local up --definitions definitions     # the whole architecture, on this machine
    tidemark ingest sample.ndjson                   # events onto the stream
    tidemark query revenue --from 2026-01-15 --to 2026-01-16 --by shop
    tidemark recompute                              # the exact answer, by batch
    tidemark query orders --from 2026-01-15 --to 2026-01-16 --per day --by channel
    tidemark window orders --last 1h --as-of latest
    tidemark verify                                 # recounted by an independent path
    tidemark local down

After a change to the definitions: \`tidemark local up\` again, then \`tidemark recompute --full\`.
`
