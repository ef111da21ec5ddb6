import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { ModelData } from '../../core/model.ts'
import { buildModel } from '../../scripts/build/model.ts'
import { build } from '../../scripts/build.ts'

const packageDir = join(__dirname, '../..')
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-build-'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** A folder of definitions with no install of its own, in two files. */
const definitionsAt = (dir: string): string => {
  mkdirSync(join(dir, 'events'), { recursive: true })
  writeFileSync(
    join(dir, 'events', 'visit.ts'),
    `import { event } from 'tidemark'
import { z } from 'zod'
export const visit = event('visit', { page: z.string() })
`,
  )
  writeFileSync(
    join(dir, 'index.ts'),
    `import { metric } from 'tidemark'
import { visit } from './events/visit'
export { visit }
export const visits = metric('visits', visit.count('visits'), { by: ['page'], per: 'hour' })
`,
  )
  return dir
}

/** Stands in for the 100 MB that are packed otherwise. */
const smallNode = (): string => {
  const file = join(root, 'small-node')
  writeFileSync(file, 'a node of few bytes')
  return file
}

const hashesOf = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [relative(dir, file), createHash('sha256').update(readFileSync(file)).digest('hex')])
      .sort(),
  )

it('says what is missing where a folder has no index.ts', async () => {
  const definitionsDir = join(root, 'empty')
  mkdirSync(definitionsDir)
  await expect(build({ definitionsDir, outDir: join(root, 'out') })).rejects.toThrow(
    `${definitionsDir} has no index.ts`,
  )
})

it('says all mistakes of the definitions, each with its line, and not the first alone', async () => {
  const definitionsDir = definitionsAt(join(root, 'definitions'))
  writeFileSync(
    join(definitionsDir, 'index.ts'),
    `import { metric } from 'tidemark'
import { visit } from './events/visit'
export const value = metric('value', visit.count(), { per: 'hour' })
export const sites = metric('sites', visit.count(), { by: ['site'], per: 'hour' })
`,
  )
  const built = build({ definitionsDir, outDir: join(root, 'out') })
  await expect(built).rejects.toThrow(/^2 mistakes in the definitions:\n {2}index\.ts:3 {2}Metric value: a name is/)
  await expect(built).rejects.toThrow(
    /\n {2}index\.ts:4 {2}Metric sites: site is no field of its event; there are id, at, page\.$/,
  )
})

it('builds the same bytes from the same definitions, wherever they lie', async () => {
  const nodeBinary = smallNode()
  const outDirs = ['here', 'elsewhere/deeper'].map((place) => join(root, place, 'out'))
  for (const outDir of outDirs)
    await build({ definitionsDir: definitionsAt(join(outDir, '../definitions')), outDir, nodeBinary })
  const [first, second] = outDirs.map(hashesOf)
  expect(first).toEqual(second)
  expect(Object.keys(first ?? {})).toEqual(expect.arrayContaining(filesBuilt))
})

it('builds the tables of the zones into the model, which then asks its machine for none', async () => {
  const definitionsDir = join(root, 'zoned')
  mkdirSync(definitionsDir)
  writeFileSync(
    join(definitionsDir, 'index.ts'),
    `import { event, metric } from 'tidemark'
export const visits = metric('visits', event('visit', {}).count(), { per: 'day', zone: 'Europe/Paris' })
`,
  )
  const outDir = join(root, 'out')
  const data = await buildModel({ packageDir, definitionsDir, outDir })
  expect(data.zones).toEqual([expect.objectContaining({ name: 'Europe/Paris', release: process.versions.tz })])
  const elsewhere = `
    Intl.DateTimeFormat = function () { throw new Error('Asked for time zone data') }
    require('${join(outDir, 'model.cjs')}').loadModel().then((model) => {
      const at = '2026-11-22T23:30:00Z'
      const text = JSON.stringify({ type: 'visit', id: 'a', at })
      const decoded = model.decode({ shardId: 's', sequenceNumber: '1', arrivalTime: Date.parse(at), text })
      const [{ bucket }] = model.contributions(decoded, 'speed')
      console.log(JSON.stringify([new Date(bucket), model.data.version]))
    })`
  const said = execFileSync(process.execPath, ['-e', elsewhere], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'Asia/Tokyo' },
  })
  expect(JSON.parse(said)).toEqual(['2026-11-23T00:00:00.000Z', data.version])

  writeFileSync(
    join(definitionsDir, 'index.ts'),
    `import { event, metric } from 'tidemark'
export const visits = metric('visits', event('visit', {}).count(), { per: 'day', zone: 'Europe/Pari' })
`,
  )
  await expect(buildModel({ packageDir, definitionsDir, outDir: join(root, 'mistaken') })).rejects.toThrow(
    "Metric visits: there is no time zone 'Europe/Pari'; did you mean 'Europe/Paris'?",
  )
})

const filesBuilt = [
  'model.cjs',
  'model.json',
  'spark/recompute.py',
  'spark/worker.tgz',
  ...['archive', 'batch', 'limits', 'migrate', 'serving', 'speed-table', 'speed-window'].flatMap((name) =>
    ['index.js', 'model.cjs', 'model.json'].map((file) => `lambdas/${name}/${file}`),
  ),
]

it('puts one model beside every function and into the executors’ archive', async () => {
  const outDir = join(root, 'out')
  const lines: string[] = []
  const options = { definitionsDir: definitionsAt(join(root, 'definitions')), outDir, nodeBinary: smallNode() }
  const built = await build({ ...options, report: (line) => lines.push(line) })

  const data: ModelData = JSON.parse(readFileSync(join(outDir, 'model.json'), 'utf8'))
  expect(data.events.map(({ name }) => name)).toContain('visit')
  expect(data.metrics.map(({ name }) => name)).toContain('visits')
  expect(built).toEqual({ outDir, modelVersion: data.version })
  expect(lines).toHaveLength(3)

  const model = readFileSync(join(outDir, 'model.cjs'), 'utf8')
  expect(model).not.toContain(root)
  expect(model).not.toContain(packageDir)
  const archive = join(outDir, 'spark', 'worker.tgz')
  expect(execFileSync('tar', ['xzOf', archive, 'model.cjs'], { encoding: 'utf8' })).toBe(model)
  expect(execFileSync('tar', ['xzOf', archive, 'node'], { encoding: 'utf8' })).toBe('a node of few bytes')
  expect(execFileSync('tar', ['tvzf', archive], { encoding: 'utf8' })).toMatch(
    /^-rwxr-xr-x 0\/0 .* 1970-01-01 .* node$/m,
  )

  const packedAt = statSync(archive).mtimeMs
  const again: string[] = []
  await build({ ...options, report: (line) => again.push(line) })
  expect(statSync(archive).mtimeMs).toBe(packedAt)
  expect(again.at(-1)).toContain('unchanged')
})
