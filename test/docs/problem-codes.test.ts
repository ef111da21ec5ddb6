import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rejectionReasons } from '../../core/record.ts'

const root = join(__dirname, '..', '..')
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

const sources = ['core', 'lambdas'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => textOf(join(folder, path))),
)

const found = (text: string, pattern: RegExp): string[] =>
  Array.from(text.matchAll(pattern), ([, code, status]) => `${code} ${status}`)

/** A code and its status where a problem is made, both written out. */
const made = /\bdetails\(\s*'([a-z_]+)',\s*(\d{3}),|\bnew Problem\(\s*'([a-z_]+)',\s*(\d{3}),/g
const inCode = [
  ...new Set(
    sources.flatMap((text) => Array.from(text.matchAll(made), (match) => match.slice(1).filter(Boolean).join(' '))),
  ),
].sort()
/** The table's rows: `| `code` | 400 | …`. */
const inDocs = found(textOf('docs/errors.md'), /^\| `([a-z_]+)` \| (\d{3}) \|/gm)

describe('docs/errors.md', () => {
  test('holds every problem code of the code, with its status, and no other', () => {
    expect(inCode.length).toBeGreaterThan(0)
    expect([...inDocs].sort()).toEqual(inCode)
  })

  test('can hold them all, since each problem is made with its code and status written out', () => {
    const problems = sources.flatMap((text) => text.match(/\bnew Problem\(/g) ?? [])
    const written = sources.flatMap((text) => text.match(/\bnew Problem\(\s*'[a-z_]+',\s*\d{3},/g) ?? [])
    expect(written).toHaveLength(problems.length)
  })

  test('holds every reason for which a record is rejected, and no other', () => {
    const rows = textOf('docs/errors.md').matchAll(/^\| `([a-z_0-9]+)` \| [^\d]/gm)
    expect(Array.from(rows, ([, reason]) => reason).sort()).toEqual([...rejectionReasons].sort())
  })
})
