import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkDefinitions, type Mistake, mistakesIn } from '../../scripts/check/definitions.ts'

const packageDir = join(__dirname, '../..')
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-check-test-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const limits = { runMs: 1500, loadMs: 10_000 }

const checked = (index: string, lines: readonly string[] = []): Promise<readonly Mistake[]> =>
  mistakesIn(...folderOf(index, lines))

const folderOf = (index: string, lines: readonly string[]): Parameters<typeof checkDefinitions> => {
  const definitionsDir = join(root, 'definitions')
  mkdirSync(definitionsDir, { recursive: true })
  writeFileSync(
    join(definitionsDir, 'index.ts'),
    `import { entity, event, metric, profile, ratio, score, sessions, instant, int, decimal, z } from 'tidemark'\n${index}`,
  )
  return [{ packageDir, definitionsDir }, lines, limits]
}

const derives = (of: string, before = '', lines: readonly string[] = []): Promise<string[]> =>
  allDerive([of], before, lines)

/** An event of functions `a`, `b`, …, and what precedes it: one folder, for bundling takes longest. */
const allDerive = async (
  functions: readonly string[],
  before = '',
  lines: readonly string[] = [],
): Promise<string[]> => {
  const derive = functions.map((of, place) => `${nameOf(place)}: ${of}`).join(',\n')
  const index = `${before}
export const visit = event('visit', {
  page: z.string().nullable(), at: instant(), size: int('bytes').optional(), tags: z.array(z.string()),
}, { derive: { ${derive} } })`
  return (await checked(index, lines)).map(({ message }) => message)
}

const nameOf = (place: number): string => String.fromCharCode(97 + place)

describe('functions of definitions', () => {
  const pure = [
    ['the time of its event', '(v) => new Date(v.at).toISOString().slice(0, 10)'],
    ['a day in UTC', '{ integer: (v) => new Date(v.at).getUTCDay() }'],
    ['a named zone and language', "(v) => new Intl.DateTimeFormat('en', { timeZone: 'Europe/Paris' }).format(v.at)"],
    ['a copy that is sorted', '(v) => [...v.tags].sort()[0] ?? null'],
  ]

  it('pass where they ask nobody', async () => {
    expect(await allDerive(pure.map(([, of = '']) => of))).toEqual([])
  })

  const impure = [
    ['(v) => String(Date.now())', 'the clock (Date.now)'],
    ['(v) => new Date().toISOString()', 'the clock (new Date())'],
    ['(v) => Date()', 'the clock (Date())'],
    ['(v) => { try { return String(Math.random()) } catch { return null } }', 'randomness (Math.random)'],
    ['(v) => crypto.randomUUID()', 'randomness (crypto)'],
    ['(v) => process.env.HOME ?? null', 'the process and its environment (process)'],
    ['(v) => String(performance.now())', 'the clock (performance)'],
    ["(v) => { fetch('http://localhost'); return null }", 'the network (fetch)'],
    ['(v) => { setTimeout(() => 1, 1); return null }', 'a timer (setTimeout)'],
    ['{ integer: (v) => new Date(v.at).getHours() }', "the machine’s time zone (Date's getHours)"],
    ['(v) => String(new Date(v.at))', "the machine’s time zone (Date's toString)"],
    ['(v) => new Date(2013, 0, 1).toISOString()', 'the machine’s time zone (new Date(year, month, …))'],
    ["{ integer: (v) => Date.parse('2013-01-01T00:00') }", 'the machine’s time zone (of a time that says none)'],
    [
      "(v) => new Intl.DateTimeFormat('en').format(v.at)",
      'the machine’s time zone (Intl.DateTimeFormat without a timeZone)',
    ],
    ['(v) => v.at.toLocaleString()', 'the machine’s language (toLocaleString without a locale)'],
    ["{ integer: (v) => 'a'.localeCompare('b') }", 'the machine’s language (localeCompare without a locale)'],
  ]

  it('are named with what they ask for', async () => {
    expect(await allDerive(impure.map(([of = '']) => of))).toEqual(
      impure.map(
        ([, what = ''], place) =>
          `Event visit, derive ${nameOf(place)}: asks for ${what}. A function sees its event and nothing else, or each layer answers otherwise: take the time from its at, and name zones and languages.`,
      ),
    )
  })

  const keeping = [
    ['count events', '(v) => String(seen++)', 'let seen = 0'],
    ['remember the first one', '(v) => String(first ??= v.at)', 'let first: number | undefined'],
    ['keep the time they were loaded at', '(v) => String(loaded)', 'const loaded = Date.now()'],
    ['keep chance', '(v) => String(chance)', 'const chance = Math.random()'],
  ]

  it('are named where they keep something', async () => {
    const before = keeping.map(([, , declared]) => declared).join('\n')
    const messages = await allDerive(
      keeping.map(([, of = '']) => of),
      before,
    )
    expect(messages).toEqual(
      keeping.map(() => expect.stringContaining('It keeps something between events, or from when')),
    )
  })

  it('are named where they change their event, throw, or answer another type, with a sample', async () => {
    expect(await derives('(v) => { v.tags.sort(); return null }')).toEqual([expect.stringContaining('read only')])
    const [nulls = ''] = await derives('(v) => v.page.toUpperCase()')
    expect(nulls).toMatch(
      /can't be had for \d+ of \d+ samples, .*Cannot read properties of null.*"page":null.*Answer null/,
    )
    expect(await derives('{ integer: (v) => v.at / 7 }')).toEqual([expect.stringContaining('no whole number')])
  })

  it('are ended and named where they never end', async () => {
    const never = "Event visit, derive a: didn't end within 1500 ms."
    expect(await derives('(v) => { while (true); }')).toEqual([expect.stringContaining(never)])
    expect(await derives("(v) => /^(a+)+$/.test('a'.repeat(60) + 'b') ? 'a' : 'b'")).toEqual([
      expect.stringContaining(never),
    ])
  })

  it('run on the events of a sample too', async () => {
    const of = "(v) => { if (v.page === 'checkout') throw new Error('no such page'); return v.page }"
    expect(await derives(of)).toEqual([])
    const line = JSON.stringify({ type: 'visit', page: 'checkout', at: 1, tags: [] })
    expect(await derives(of, '', [line])).toEqual([expect.stringContaining('1 of')])
  })
})

describe('a sample', () => {
  const visit = (page: unknown, at: unknown = '2013-01-01T00:00:00Z') => JSON.stringify({ type: 'visit', page, at })
  const visits = (options: string, accept = '') => `
export const visit = event('visit', { page: z.string().nullable() }, { ${accept} })
export const visits = metric('visits', visit.count(), { per: 'day', by: ['page'], ${options} })`
  const numbered = (count: number) => Array.from({ length: count }, (_, nth) => visit(`page ${nth}`))
  const many = 'Metric visits: its dimension page has more than'

  it('may have as many values of a dimension as are allowed, and no more', async () => {
    expect(await checked(visits('values: 5'), [...numbered(5), ...numbered(5)])).toEqual([])
    expect(await checked(visits('values: 5'), [...numbered(5), visit(null)])).toEqual([
      { where: 'index.ts:4', message: expect.stringContaining(`${many} 5 values in the sample`) },
    ])
    expect(await checked(visits(''), numbered(10_000))).toEqual([])
    expect(await checked(visits(''), numbered(10_001))).toEqual([
      { where: 'index.ts:4', message: expect.stringContaining(`${many} 10000 values`) },
    ])
  })

  it('proposes to keep the commonest, as many as there may be beside all others and null', async () => {
    const of = (options: string, lines: readonly string[]) => checked(visits(options), lines)
    const often = [
      ...Array.from({ length: 7 }, () => visit("it's")),
      visit('b'),
      visit('b'),
      visit('other'),
      visit('other'),
    ]
    const [found] = await of('values: 4', [...often, ...numbered(9), visit(null)])
    expect(found?.message).toBe(
      `${many} 4 values in the sample, and each is a row of every bucket it occurs in. Keep the commonest, 42.9% of what it counts, and count all others as other: { keep: { page: ["it's", 'b'] } }, or allow more: { values: 40 }.`,
    )
    const kept = `keep: { page: ["it's", 'b'] }`
    expect(await of(`values: 4, ${kept}`, [...often, ...numbered(9), visit(null)])).toEqual([])
    expect(await of(`values: 3, ${kept}`, [...often, ...numbered(9), visit(null)])).toEqual([
      { where: 'index.ts:4', message: expect.stringContaining('Keep fewer, or allow more: { values: 30 }.') },
    ])
    expect((await of('', numbered(10_001)))[0]?.message).toContain("{ keep: { page: ['page 0', 'page 1', 'page 10', ")
  })

  it('counts what a metric counts, whenever it happened', async () => {
    expect(await checked(visits("values: 5, where: { page: 'page 1' }"), numbered(50))).toEqual([])
    expect(await checked(visits('values: 5', "accept: { late: '1h' }"), numbered(50))).toHaveLength(1)
  })

  it('of something else ends after twenty reasons, with the number of all others', async () => {
    const lines = Array.from({ length: 50 }, (_, nth) => JSON.stringify({ type: `t${nth}` }))
    const { notes } = await checkDefinitions(...folderOf(visits(''), lines))
    expect([notes.length, notes.at(-1)]).toEqual([21, '30 more would be rejected for other reasons.'])
  })

  it('tells and counts the events that would be rejected, and finds no mistake in them', async () => {
    const lines = [visit('a'), '{"type":"visti"}', '{"type":"visti"}', visit(5), '[]', visit('a', 'yesterday')]
    const { mistakes, notes } = await checkDefinitions(...folderOf(visits(''), lines))
    expect(mistakes).toEqual([])
    expect(notes).toEqual([
      expect.stringMatching(/^2 of 6 sample events would be rejected, the first is event 2: unknown_type: .*visti/),
      expect.stringMatching(/^1 of 6 sample events would be rejected, the first is event 4: invalid: .*page/),
      expect.stringMatching(/^1 of 6 sample events would be rejected, the first is event 5: not_an_object: /),
      expect.stringMatching(/^1 of 6 sample events would be rejected, the first is event 6: invalid: .*at/),
    ])
  })
})

it('reports all that compiling refuses, each with its place', async () => {
  const mistakes = await checked(`
export const visit = event('visit', { page: z.string(), at: instant() })
export const Bad = event('Bad', { at: instant() })
export const good = metric('good', visit.count(), { per: 'day', by: ['page'] })
export const value = metric('value', visit.count(), { per: 'day' })
export const long = metric('long', visit.count(), { per: 'day', live: '900d' })
export const nowhere = metric('nowhere', visit.count(), { per: 'day', zone: 'Europe/Pariss' })
export const twin = metric('good', visit.count(), { per: 'day' })
`)
  expect(mistakes.map(({ where, message }) => `${where} ${message.slice(0, 40)}`).sort()).toEqual([
    "index.ts:4 Event 'Bad': a name is a letter in lower",
    'index.ts:5 Two metrics, entities, profiles, scores ',
    'index.ts:6 Metric value: a name is a letter in lowe',
    'index.ts:7 Metric long: live is longer than 150 day',
    "index.ts:8 Metric nowhere: there is no time zone 'E",
  ])
})

it.each([
  [
    'a misspelt option of a metric',
    "metric('m', visit.count(), { wher: { page: 'a' }, per: 'day' })",
    'wher is no option',
  ],
  ['of an event', "event('e', {}, { derived: {} })", 'derived is no option'],
  ['of what an event accepts', "event('e', {}, { accept: { later: '1h' } })", 'later is no option'],
  ['of an entity', "entity('e', visit, { ref: 'page', latest: 'at', delete: {} })", 'delete is no option'],
  ['of a ratio', "ratio('r', visits, visits, { describes: '' })", 'describes is no option'],
  ['a key left out of a profile', "profile('p', { visits: visit.count() }, { over: '1d' })", 'by is missing'],
  ['a span left out of sessions', "sessions('s', [visit], { by: 'page', gap: '1h' })", 'longest is missing'],
  ['all options left out', "metric('m', visit.count())", 'per is missing'],
])('refuses %s', async (_, definition, message) => {
  const mistakes = await checked(`
export const visit = event('visit', { page: z.string() })
export const visits = metric('visits', visit.count(), { per: 'day' })
export const wrong = ${definition}
`)
  expect(mistakes).toEqual([{ where: 'index.ts:5', message: expect.stringContaining(message) }])
})

it('places what can’t be loaded, in whichever file', async () => {
  const definitionsDir = join(root, 'definitions')
  mkdirSync(definitionsDir, { recursive: true })
  writeFileSync(join(definitionsDir, 'index.ts'), "export * from './visits.ts'\n")
  const visits =
    "import { event, z } from 'tidemark'\n\nexport const visit = event('visit', {\n  page: z.strin(),\n})\n"
  writeFileSync(join(definitionsDir, 'visits.ts'), visits)
  expect(await mistakesIn({ packageDir, definitionsDir })).toEqual([
    { where: 'visits.ts:4', message: 'z.strin is not a function' },
  ])
})

it('says what a file does that never ends loading, or imports what definitions can’t have', async () => {
  const [endless] = await mistakesOfLoading('while (true);')
  expect(endless).toContain('something in a file never ends')
  const [imports] = await mistakesOfLoading(
    "import { readFileSync } from 'node:fs'\nexport const text = readFileSync('/etc/hostname')",
  )
  expect(imports).toContain('The definitions import node:fs')
})

const mistakesOfLoading = async (index: string): Promise<string[]> => {
  const definitionsDir = join(root, 'definitions')
  mkdirSync(definitionsDir, { recursive: true })
  writeFileSync(join(definitionsDir, 'index.ts'), index)
  return (await mistakesIn({ packageDir, definitionsDir }, [], { ...limits, loadMs: 1500 })).map(
    ({ message }) => message,
  )
}

it.each(['definitions', 'examples/game/definitions', 'examples/guest-context/definitions'])(
  'finds nothing wrong in %s',
  async (dir) => {
    expect(await mistakesIn({ packageDir, definitionsDir: join(packageDir, dir) })).toEqual([])
  },
)

describe('rules of scores', () => {
  const ruled = async (rule: string, before = ''): Promise<string[]> => {
    const index = `${before}
export const payment = event('payment', { cardId: z.string(), amount: decimal(2, 'EUR') })
export const card = profile('card', { payments: payment.count(), typical: payment.mean('amount') }, { by: ['cardId'], over: '30d' })
export const risk = score('risk', payment, { profiles: { card }, rule: ${rule} })`
    return (await checked(index)).map(({ message, where }) => `${where} ${message}`)
  }

  it('pass where they ask nobody and expect nulls', async () => {
    expect(await ruled("(p, { card }) => ({ score: p.amount / (card.typical || 1), because: ['x'] })")).toEqual([])
  })

  it('are named where they ask the clock, keep something, or have no score', async () => {
    expect(await ruled('() => ({ score: Date.now(), because: [] })')).toEqual([
      expect.stringMatching(/^index.ts:5 Score risk, rule: asks for the clock \(Date.now\)/),
    ])
    expect(await ruled('() => ({ score: seen++, because: [] })', 'let seen = 0')).toEqual([
      expect.stringContaining('Score risk, rule: answered'),
    ])
    expect(await ruled('(p, { card }) => ({ score: card.typical.toFixed(1).length, because: [] })')).toEqual([
      expect.stringMatching(
        /Score risk, rule: has no score for \d+ of \d+ samples: it threw: Cannot read properties of null/,
      ),
    ])
  })
})
