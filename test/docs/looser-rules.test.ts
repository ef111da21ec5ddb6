import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')
const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8')
/** `| rule | what goes wrong | `FILE`: TITLE |`, below its heading. */
const rows = Array.from(
  page.slice(page.indexOf('### Looser rules')).matchAll(/^\| [^|]+ \| [^|]+ \| `([\w/.-]+)`: ([^|]+) \|$/gm),
  ([, file = '', title = '']) => [file, title] as const,
)

describe('the looser rules of docs/reliability.md', () => {
  it('are seventeen at least', () => expect(rows.length).toBeGreaterThanOrEqual(17))

  it.each(rows)('are held by a test in %s: %s', (file, title) => {
    expect(readFileSync(join(root, 'test', file), 'utf8')).toContain(`it('${title}',`)
  })
})
