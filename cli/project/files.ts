/** The files of a new project, by path. @param packagePath where this package is, from there */
export const projectFiles = (name: string, packagePath: string): Record<string, string> => ({
  'definitions/index.ts': definitions,
  'sample.ndjson': sample(),
  'package.json': `${JSON.stringify(packageJson(name, packagePath), null, 2)}\n`,
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

const packageJson = (name: string, packagePath: string) => ({
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
  dependencies: { tidemark: `file:${packagePath}` },
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

    npm install                                          # tidemark, from the clone that made this; an editor finds its types once that clone was built (npm run build)
    npx tidemark local up --definitions definitions      # the whole architecture, on this machine
    npx tidemark ingest sample.ndjson                    # events onto the stream
    npx tidemark query revenue --from 2026-01-15 --to 2026-01-16 --by shop    # some seconds later
    npx tidemark recompute                               # the exact answer, by batch
    npx tidemark query orders --from 2026-01-15 --to 2026-01-16 --per day --by channel
    npx tidemark window orders --last 1h --as-of latest
    npx tidemark verify                                  # recounted by an independent path
    npx tidemark local down

After a change to the definitions: \`npx tidemark check --definitions definitions\`, then \`npx tidemark local up --definitions definitions --recompute\`.
`
