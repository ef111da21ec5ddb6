import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mistakesIn } from '../../scripts/check/definitions.ts'

const packageDir = join(__dirname, '..', '..')
const language = 'decimal, entity, event, instant, int, limit, metric, minus, profile, ratio, score, sessions, z'
const flights = readFileSync(join(packageDir, 'definitions/flights.ts'), 'utf8').replace(
  /^import .* from 'tidemark'$/m,
  `import { ${language} } from 'tidemark'`,
)

/** What the table of changes says to add to the flights: `| add a metric | `export const …` | … |`. */
const rows = Array.from(
  readFileSync(join(packageDir, 'README.md'), 'utf8').matchAll(/^\| (add [^|]+) \| `(export const .+?)`/gm),
  ([, title = '', definition = '']): [string, string] => [title, definition],
)

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tidemark-readme-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

const mistakesWith = (name: string, definition: string): ReturnType<typeof mistakesIn> => {
  const definitionsDir = join(dir, name.replaceAll(' ', '-'))
  mkdirSync(definitionsDir)
  writeFileSync(join(definitionsDir, 'index.ts'), `${flights}\n${definition}\n`)
  return mistakesIn({ packageDir, definitionsDir })
}

it('the table has a row for each kind of definition', () => {
  expect(rows.map(([title]) => title)).toEqual(['add a metric', 'add an entity', 'add a profile', 'add sessions'])
})

it.each(rows)('%s: nothing is wrong with it', async (title, definition) => {
  expect(await mistakesWith(title, definition)).toEqual([])
})

it('a row that does not fit the flights would be noticed', async () => {
  expect(
    await mistakesWith('wrong', "export const m = metric('m', flight.count(), { by: ['dset'], per: 'day' })"),
  ).toHaveLength(1)
})
