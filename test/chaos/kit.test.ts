import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { MetricPage } from '../../cli/answers.ts'
import type { Connection } from '../../cli/connection.ts'
import { seededRandom } from '../../cli/samples/shuffle.ts'
import { MemoryArchive } from '../../stores/archive/memory.ts'
import { type ArchivedRecord, readArchived } from './archived.ts'
import { dataOf, type Fact, type OrderFact, plan } from './facts.ts'
import { flowFaults } from './faults.ts'
import { compareAll } from './figures.ts'
import { plainMetrics, recount, winners } from './recount.ts'
import { writeReport } from './report.ts'
import { drawFaults } from './schedule.ts'
import { WindowWatch } from './windows.ts'

const at = Date.parse('2026-01-01T10:00:30Z')
const order = (id: string, rest: Partial<OrderFact> = {}): OrderFact => ({
  ...{ kind: 'order', id, at, shop: 'Bonn', channel: 'web', cents: 100, pieces: 2, customer: 'c1' },
  ...rest,
})
const archived = (sequenceNumber: string, fact: Fact, shardId = 'A'): ArchivedRecord => ({
  ...{ shardId, sequenceNumber, arrivalTime: at, fact },
})
const records = [
  archived('1', order('x')),
  archived('2', order('y', { cents: 50, customer: 'c2' })),
  archived('3', order('x')),
  archived('4', order('x'), 'B'),
]

describe('the plain recount', () => {
  it('counts twins once in the stream, once a shard, or each', () => {
    const places = (which: Parameters<typeof winners>[1]) => winners(records, which).map((each) => each.sequenceNumber)
    expect(places('stream')).toEqual(['1', '2'])
    expect(places('shard')).toEqual(['1', '2', '4'])
    expect(places('all')).toEqual(['1', '2', '3', '4'])
  })

  it('measures each metric', () => {
    const values = plainMetrics.map((metric) => [metric.name, [...recount(metric, records).values()][0]?.value])
    expect(Object.fromEntries(values)).toEqual({
      ...{ orders: 4, revenue: 350, smallest: 50, most_pieces: 2, customers: 2, rejected: undefined },
    })
  })
})

describe('the comparison with what is served', () => {
  const served = (orders: number | null, isExact = true): Connection => {
    const rows: Record<string, { by: object; value: number | string; bucket: string }> = {
      orders: { by: { shop: 'Bonn', channel: 'web' }, value: orders ?? 0, bucket: '2026-01-01T10:00:00.000Z' },
      revenue: { by: { shop: 'Bonn' }, value: '1.5', bucket: '2026-01-01T10:00:00.000Z' },
      smallest: { by: { shop: 'Bonn' }, value: '0.50', bucket: '2026-01-01T10:00:00.000Z' },
      most_pieces: { by: {}, value: 2, bucket: '2026-01-01T10:00:00.000Z' },
      customers: { by: { shop: 'Bonn' }, value: 2, bucket: '2026-01-01T10:00:00.000Z' },
    }
    const get = async (path: string) => {
      const row = rows[path.split('/').at(-1) ?? '']
      const isLeftOut = row === undefined || (orders === null && path.endsWith('orders'))
      return { rows: isLeftOut ? [] : [{ ...row, exact: isExact }], next: null } as unknown as MetricPage
    }
    return { api: { url: '', get } } as unknown as Connection
  }
  const differences = async (connection: Connection, allowed: Parameters<typeof compareAll>[3]) =>
    (await compareAll('check', connection, records, allowed)).flatMap((figure) => figure.differences)

  it('finds a record too many, one too few, and a cell that is missing', async () => {
    const exactly = { exactly: 'stream', estimates: false } as const
    expect(await differences(served(2), exactly)).toEqual([])
    expect(await differences(served(3), exactly)).toEqual([
      'check: orders [1767261600000,"Bonn","web"]: served 3, counted 2; records A/1, A/2',
    ])
    expect(await differences(served(1), exactly)).toHaveLength(1)
    expect(await differences(served(null), exactly)).toHaveLength(1)
    expect((await differences(served(2, false), exactly)).length).toBeGreaterThan(0)
  })

  it('allows duplicates up to the number there is, and no more', async () => {
    const upTo = { exactly: 'stream', upTo: 'all', estimates: true } as const
    expect(await differences(served(4), upTo)).toEqual([])
    expect(await differences(served(5), upTo)).toHaveLength(1)
    expect(await differences(served(1), upTo)).toHaveLength(1)
  })
})

describe('the window that is watched', () => {
  type Watched = ConstructorParameters<typeof WindowWatch>[1]
  const answer = (value: number | null, reached: string, refilling = false) => ({
    from: new Date(at - 10_000).toISOString(),
    to: new Date(at + 10_000).toISOString(),
    rows: value === null ? [] : [{ by: { shop: 'Bonn' }, value, exact: true }],
    receipt: { positions: reached === '' ? {} : { A: reached }, refilling },
  })
  type Step = ReturnType<typeof answer> | 'emptied' | 'no answer'
  const differences = async (...steps: readonly Step[]): Promise<string[]> => {
    const asked: Step[] = []
    const next: Watched = async () => {
      const step = asked.shift()
      if (step === undefined || typeof step === 'string') throw new Error('The API is down.')
      return step
    }
    const watch = new WindowWatch({} as Connection, next)
    for (const step of steps)
      if (step === 'emptied') watch.expectEmptied()
      else {
        asked.push(step)
        await watch.look()
      }
    return watch.figures(records).flatMap((figure) => figure.differences)
  }

  it('is exactly what it had counted, also between and after what is refilling', async () => {
    expect(await differences(answer(1, '1'), answer(2, '2'), answer(2, '3'))).toEqual([])
    const steps = [answer(2, '3'), 'emptied', 'no answer', answer(0, '', true), answer(3, '3', true)] as const
    expect(await differences(...steps, answer(2, '3'))).toEqual([])
  })

  it('may not be one short, one too high, or without its row', async () => {
    const wrong = 'window, while killed, whole: Bonn from 2026-01-01T10:00:20.000Z to 2026-01-01T10:00:40.000Z'
    expect(await differences(answer(1, '2'))).toEqual([`${wrong}: served 1, counted 2`])
    expect(await differences(answer(3, '3'))).toEqual([`${wrong}: served 3, counted 2, with twins 3`])
    expect(await differences(answer(1, '1'), answer(null, '1'))).toEqual([`${wrong}: served 0, counted 1`])
  })

  it('may not be whole where it forgot a shard that an earlier one had counted', async () => {
    expect(await differences(answer(2, '3'), 'emptied', answer(null, ''))).toHaveLength(1)
  })

  it('may not be refilling without a loss, nor hold more than there is, and must be whole once', async () => {
    expect(await differences(answer(2, '3'), answer(2, '3', true))).toHaveLength(1)
    expect(await differences(answer(2, '3'), 'emptied', answer(4, '3', true))).toHaveLength(1)
    expect(await differences('emptied', answer(2, '3', true))).toEqual([
      'window, while killed, whole: no answer was whole and held an order',
    ])
  })
})

describe('the archive beside the producer', () => {
  const put = async (lines: readonly { sequenceNumber: string; data: string }[]) => {
    const archive = new MemoryArchive()
    const text = lines.map((line) => `${JSON.stringify({ shardId: 'A', arrivalTime: at, ...line })}\n`).join('')
    await archive.putObject('raw/shard=A/2-1.ndjson.gz', gzipSync(text))
    return archive
  }
  const [x, y] = [order('x'), order('y')]
  const known = { accepted: new Map([['A/1', x]]), unknown: new Map([[dataOf(y).toString('base64'), y]]) }
  const text = (fact: Fact) => dataOf(fact).toString()

  it('takes what was accepted, and what may have been', async () => {
    const lines = [
      { sequenceNumber: '1', data: text(x) },
      { sequenceNumber: '1', data: text(x) },
      { sequenceNumber: '2', data: text(y) },
    ]
    const found = await readArchived(await put(lines), known)
    expect(found).toMatchObject({ objects: 1, repeated: 1, unknownIn: 1, problems: [] })
    expect(found.records.map(({ fact }) => fact.id)).toEqual(['x', 'y'])
  })

  it('finds a record that is missing, one that was changed, and one that nobody sent', async () => {
    const problemsOf = async (...lines: { sequenceNumber: string; data: string }[]) =>
      (await readArchived(await put(lines), known)).problems.join()
    expect(await problemsOf()).toContain('A/1 was accepted and is not archived')
    expect(await problemsOf({ sequenceNumber: '1', data: text(y) })).toContain('is not what was sent')
    expect(await problemsOf({ sequenceNumber: '3', data: 'z' })).toContain('was never sent')
  })
})

describe('the run', () => {
  it('draws every kind of fault, the same for the same seed', () => {
    const drawn = drawFaults(75_000, 5, seededRandom(7))
    expect(drawn.map(({ kind }) => kind).sort()).toEqual([...flowFaults].sort())
    expect(drawFaults(75_000, 5, seededRandom(7))).toEqual(drawn)
    expect(drawFaults(75_000, 5, seededRandom(8))).not.toEqual(drawn)
  })

  it('sends records of every kind', () => {
    const random = seededRandom(1)
    const planned = Array.from({ length: 5000 }, (_, number) => plan(number, at, random))
    const reasons = planned.map(({ record: { fact } }) => (fact.kind === 'rejected' ? fact.reason : 'order'))
    expect([...new Set(reasons)].sort()).toEqual([
      ...['invalid', 'not_json', 'not_utf8', 'order', 'too_early', 'unknown_type'],
    ])
    const later = planned.flatMap((each) => each.later.map(({ record }) => [each.record, record] as const))
    expect(later.some(([first, twin]) => first.partitionKey !== twin.partitionKey)).toBe(true)
    expect(later.some(([first, twin]) => !dataOf(first.fact).equals(dataOf(twin.fact)))).toBe(true)
  })

  it('writes its report in the place of the same seed’s, between the markers of a page', () => {
    const dir = mkdtempSync(join(tmpdir(), 'tidemark-chaos-report-'))
    const path = join(dir, 'page.md')
    writeFileSync(path, 'before\n<!-- chaos:begin -->\n<!-- chaos:end -->\nafter\n')
    const write = (seed: number, what: string) =>
      writeReport(path, {
        options: { seed, minutes: 1, rate: 10, length: 'full', say: () => undefined },
        happened: [{ atS: 1, what, healthyAfterS: 2 }],
        figures: [],
        sent: { accepted: 600, unknown: 0, refused: 0, twins: 0, seconds: 60 },
        archived: { records: [], objects: 0, repeated: 0, unknownIn: 0, problems: [] },
        differences: [],
      })
    write(3, 'kill -9: Valkey')
    write(1, 'kill -9: PostgreSQL')
    write(1, 'kill -9: poller')
    const page = readFileSync(path, 'utf8')
    expect(page).toMatch(/^before\n<!-- chaos:begin -->.*Seed 1.*poller.*Seed 3.*Valkey.*<!-- chaos:end -->\nafter\n$/s)
    expect(page).not.toContain('PostgreSQL')
    writeFileSync(path, 'no markers')
    expect(() => write(1, 'kill -9: poller')).toThrow('lacks the markers')
    rmSync(dir, { recursive: true })
  })
})
