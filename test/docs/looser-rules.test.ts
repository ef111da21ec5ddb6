import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')
const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8')

/** Each looser rule that is known to count wrong, as the page tells it, in its order. A row that goes is one less here. */
const rules = [
  'the position moves by `UPDATE ... WHERE position = old`',
  "a new shard's position row is inserted on first use",
  'compare-and-set on the position alone',
  'a new cut takes the place of the old one',
  'slots have no owner',
  'views show the slot, not the dataset',
  'views show the dataset, whichever slot holds rows of it',
  'two loads of one dataset at once both commit',
  'a state is written whatever stands',
  'a job is begun, and nobody looks whether its execution has ended',
  'prune and rollback do not conflict',
  "the archive's mapping gives up on a batch",
  'an inner join with the marks',
  'an answer of two queries, unpinned',
  'the version is not compared',
  'registers are remembered before their commit is known',
  'a replay merges rows across a mark',
  'a replay leaves old edges listed',
  'duplicates are claimed across shards',
  "an increment touches the new records' buckets only",
  'a replay counts by the newest exclusions, whatever stands above',
  "a window's writer goes on from whatever the cache says",
  "a window's compare-and-set on epoch and revision",
  'windows drop what the newest event, less what the definitions accept, has left behind',
  'an output of a replay is known by its name and when it was begun',
  'what windows are told of exclusions is put as it was read',
  'entities are bounded by time',
  'READ COMMITTED',
]

/** `| rule | what goes wrong | `FILE`: TITLE |`: the table below the heading, to its end. */
const [table = ''] = page.slice(page.indexOf('### Looser rules')).match(/^\| looser rule .*\n(\|.*\n)+/m) ?? []
const lines = table.split('\n').slice(2, -1)
const rows = lines.map((line) => /^\| ([^|]+) \| [^|]+ \| `([\w/.-]+)`: ([^|]+) \|$/.exec(line)?.slice(1) ?? [line])

describe('the looser rules of docs/reliability.md', () => {
  it('are all there, each in a row that names its test', () => expect(rows.map(([rule]) => rule)).toEqual(rules))

  it.each(rows)('%s: is held by a test in %s: %s', (_, file = '', title = '') => {
    expect(readFileSync(join(root, 'test', file), 'utf8')).toContain(`it('${title}',`)
  })
})
