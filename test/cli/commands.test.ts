import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keepDefinitions } from '../../localstack/last-definitions.ts'

const projectDir = join(__dirname, '../..')
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tidemark-cli-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the real command line in a folder of its own. Nothing listens on port 1, so `local` answers nothing there. */
const tidemark = (
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, NODE_NO_WARNINGS: '1', TIDEMARK_HOME: join(dir, 'home'), ...options.env }
    const child = spawn(process.execPath, [join(projectDir, 'bin/tidemark.mjs'), ...args], { cwd: dir, env })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end(options.input ?? '')
  })

describe('usage', () => {
  it.each([
    [['--help'], 0],
    [['nonsense'], 2],
    [['query', 'departures', '--last', '5 minutes'], 2],
    [['query', 'departures'], 2],
    [['query'], 2],
    [['metrics', '-o', 'xml'], 2],
    [['window', 'departures', '--last', 'x'], 2],
    [['sql', 'delete from t'], 2],
    [['rejected', '--reason', 'bad'], 2],
    [['rejected', '--limit', 'x'], 2],
    [['ingest', 'missing.ndjson'], 2],
    [['local', 'reset'], 2],
    [['exclude', '--type', 'flight'], 2],
    [['exclude', '--type', 'flight', '--where', 'carrier', '--reason', 'x'], 2],
    [['exclude', '--type', 'flight', '--ids', 'missing.txt', '--reason', 'x'], 2],
    [['exclude', '--undo', 'x', '--reason', 'x'], 2],
    [['exclude', '--undo', '1', '--where', 'a=b', '--reason', 'x'], 2],
    [['exclude', '--undo', '1', '--type', 'a', '--dry-run'], 2],
    [['exclude'], 2],
  ])('%j ends with %i and writes nothing that could be an answer', async (args, code) => {
    const ended = await tidemark(args)
    expect(ended.code).toBe(code)
    if (code !== 0) expect(ended).toMatchObject({ stdout: '', stderr: expect.stringMatching(/\S/) })
  })

  it('says how to start the stage where none answers', async () => {
    const ended = await tidemark(['status'], { env: { TIDEMARK_PORT: '64000' } })
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('tidemark local up')
  })
})

describe('dry runs', () => {
  it('checks lines, names the bad ones, and puts nothing', async () => {
    const input = '{"type":"a"}\nnope\n\n[1]\n{"type":"b"}\n'
    const ended = await tidemark(['ingest', '-', '--dry-run', '--json'], { input })
    expect(ended.code).toBe(1)
    expect(JSON.parse(ended.stdout)).toEqual({ accepted: 0, wouldPut: 2, retried: 0, bad: 2 })
    expect(ended.stderr).toMatch(/-:2 is not JSON.*\n-:4 is JSON but no object/)
  })

  it('tells what local up would start, and starts nothing', async () => {
    const ended = await tidemark(['local', 'up', '--dry-run', '-o', 'csv'], { env: { TIDEMARK_PORT: '6000' } })
    expect(ended.stdout).toBe('part,port\nemulator,6000\nwarehouse,6001\npostgres,6002\nspark,6003\nvalkey,6004\n')
    expect(existsSync(join(dir, 'home'))).toBe(false)
  })

  it('would start the stage with the definitions of the last time', async () => {
    const definitionsOf = async (...args: string[]): Promise<string> =>
      JSON.parse((await tidemark(['local', 'up', '--dry-run', '--json', ...args])).stdout).definitionsDir
    expect(await definitionsOf()).toBe(join(dir, 'definitions'))
    mkdirSync(join(dir, 'home'))
    keepDefinitions(join(dir, 'home'), '/elsewhere/shop')
    expect(await definitionsOf()).toBe('/elsewhere/shop')
    expect(await definitionsOf('--definitions', 'other')).toBe(join(dir, 'other'))
  })
})

describe('init', () => {
  it('writes a project whose definitions compile and whose sample fits them', async () => {
    expect((await tidemark(['init', 'mine'])).code).toBe(0)
    const written = (name: string): string => readFileSync(join(dir, 'mine', name), 'utf8')
    const { name, dependencies } = JSON.parse(written('package.json'))
    expect(name).toBe('mine')
    const [, path] = /^file:(.+)$/.exec(dependencies.tidemark) ?? []
    expect(JSON.parse(readFileSync(join(dir, 'mine', String(path), 'package.json'), 'utf8')).name).toBe('tidemark')
    expect(written('sample.ndjson').trim().split('\n')).toHaveLength(12)
    expect(written('definitions/index.ts')).toContain("from 'tidemark'")
  })

  it('refuses a folder that holds something, and leaves it as it was', async () => {
    mkdirSync(join(dir, 'taken'))
    writeFileSync(join(dir, 'taken', 'mine.txt'), 'x')
    const ended = await tidemark(['init', 'taken'])
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('is not empty') })
    expect(existsSync(join(dir, 'taken', 'definitions'))).toBe(false)
  })
})

/** Stands for an API that refuses: what it answers is given, what is asked of it is kept. */
describe('against an API that refuses', () => {
  let server: Server
  let answers: { status: number; body: unknown }[]
  let asked: string[]
  beforeEach(async () => {
    answers = []
    asked = []
    server = createServer((request, response) => {
      if (request.method === 'POST') {
        response.setHeader('content-type', 'text/xml')
        response.end(describeStacks(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api`))
        return
      }
      asked.push(request.url ?? '')
      const { status, body } = answers.shift() ?? { status: 500, body: 'no more answers' }
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' })
      response.end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  const ask = (...args: string[]): Promise<Ended> =>
    tidemark(args, { env: { TIDEMARK_PORT: String((server.address() as AddressInfo).port) } })
  const query = ['query', 'm', '--from', '2013', '--to', '2014', '--json']
  const page = (rows: unknown[], next: string | null) => ({
    status: 200,
    body: {
      metric: 'm',
      unit: 'u',
      per: 'day',
      by: [],
      rows,
      next,
      receipt: { positions: {}, tidemark: {}, exclusions: { batch: 0, speed: 0, stretches: {} }, exact: true },
    },
  })
  const gone = { status: 410, body: { code: 'snapshot_gone', title: 'snapshot gone', detail: 'it was pruned' } }

  it('takes a refused question as wrong usage, and says what is allowed', async () => {
    const problem = { code: 'unknown_metric', title: 'unknown metric', detail: 'There is no m.', allowed: ['a', 'b'] }
    answers = [{ status: 404, body: problem }]
    const ended = await ask(...query)
    expect(ended).toEqual({ code: 2, stdout: '', stderr: 'tidemark: There is no m. Allowed: a, b. [unknown_metric]\n' })
  })

  it('tries again where the warehouse is busy', async () => {
    answers = [{ status: 503, body: { code: 'busy' } }, page([1], null)]
    expect(await ask(...query)).toMatchObject({ code: 0, stderr: '' })
  })

  it('fails where it stays busy, or answers no problem', async () => {
    answers = Array.from({ length: 4 }, () => ({ status: 503, body: { code: 'busy', title: 'busy', detail: 'later' } }))
    expect(await ask(...query)).toMatchObject({ code: 1, stderr: 'tidemark: later [busy]\n' })
    answers = Array.from({ length: 4 }, () => ({ status: 502, body: 'bad gateway' }))
    expect(await ask(...query)).toMatchObject({ code: 1, stderr: expect.stringContaining('502') })
    expect(answers).toEqual([])
  })

  it('reads all pages, and from the start again where the snapshot is gone', async () => {
    answers = [page(['lost'], 'c1'), gone, page(['r1'], 'c2'), page(['r2'], null)]
    const ended = await ask(...query)
    expect(JSON.parse(ended.stdout).rows).toEqual(['r1', 'r2'])
    expect(asked.map((url) => new URL(url, 'http://x').searchParams.get('cursor'))).toEqual([null, 'c1', null, 'c2'])
  })

  it('gives up where the snapshot is gone three times', async () => {
    answers = [gone, gone, gone]
    expect(await ask(...query)).toMatchObject({ code: 1, stderr: expect.stringContaining('snapshot_gone') })
  })

  it('asks as it was told to', async () => {
    answers = [page([], null)]
    await ask(
      ...query,
      '--per',
      'month',
      '--by',
      'a,b',
      '--by',
      'c',
      '--where',
      'a=x y',
      '--where',
      "b=\\'",
      '--layer',
      'batch',
    )
    const { pathname, searchParams } = new URL(asked[0] ?? '', 'http://x')
    expect(pathname).toBe('/api/v1/metrics/m')
    expect([...searchParams]).toEqual([
      ['from', '2013-01-01'],
      ['to', '2014-01-01'],
      ['per', 'month'],
      ['by', 'a,b,c'],
      ['where', 'a=x y'],
      ['where', "b=\\'"],
      ['layer', 'batch'],
    ])
  })

  it('takes the time that is asked as of for now', async () => {
    answers = [{ status: 200, body: { metrics: [{ name: 'm', per: 'hour' }] } }, page([], null)]
    await ask('query', 'm', '--last', '24h', '--as-of', '2026-01-02T09:30:00Z', '--json')
    expect(Object.fromEntries(new URL(asked[1] ?? '', 'http://x').searchParams)).toMatchObject({
      from: '2026-01-01T09:00:00Z',
      to: '2026-01-02T10:00:00Z',
      asOf: '2026-01-02T09:30:00Z',
    })
  })

  it('asks for sessions as of a time, and says which events their step failed on', async () => {
    const receipt = { positions: {}, tidemark: {}, exclusions: { batch: 0, speed: 0, stretches: {} }, exact: true }
    const session = {
      startedAt: '2026-01-01T00:00:00.000Z',
      lastAt: '2026-01-01T00:01:30.000Z',
      duration: 90,
      events: 2,
    }
    const rows = [{ ...session, state: 'done', closed: true, failures: ['threw: no'] }]
    answers = [{ status: 200, body: { sessions: 'trip', by: { tripId: 'a b' }, asOf: 'then', rows, receipt } }]
    const ended = await ask('sessions', 'trip', 'a b', '--as-of', '2026-01-02', '-o', 'table')
    expect(asked).toEqual(['/api/v1/sessions/trip/a%20b?asOf=2026-01-02T00%3A00%3A00Z'])
    expect(ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^trip of a b as of then\n\nstartedAt .*\n.*\n.* 90 +2 +done +true\n/),
    })
    expect(ended.stdout).toContain('step passed over an event of 2026-01-01T00:00:00.000Z: it threw: no')
    expect(await ask('sessions', 'trip')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('sessions trip KEY'),
    })
  })

  it('says as of when sessions were measured', async () => {
    const { body } = page([], null)
    answers = [{ status: 200, body: { ...body, asOf: 'then', stepFailures: { events: 3, first: 'threw: no' } } }]
    const ended = await ask('query', 'm', '--from', '2013', '--to', '2014', '--as-of', '2013-06-01', '-o', 'table')
    expect(asked[0]).toContain('asOf=2013-06-01')
    expect(ended.stdout).toContain(', as of then\n')
    expect(ended.stdout).toContain("the sessions' step passed over 3 events: it threw: no")
  })
})

const describeStacks = (apiUrl: string): string => {
  const names = [
    'StreamName',
    'DataBucketName',
    'StateMachineArn',
    'BatchFunctionName',
    'WarehouseWorkgroup',
    'WarehouseDatabase',
    'ModelVersion',
    'DuplicatesWindowSeconds',
  ]
  const outputs = [['ApiUrl', apiUrl], ...names.map((name) => [name, 'x'])]
    .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`)
    .join('')
  return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
}
