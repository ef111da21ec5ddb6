import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelData } from '../../core/model.ts'
import { buildModel } from '../../scripts/build/model.ts'

const packageDir = join(__dirname, '../..')
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-functions-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const files = {
  'index.ts': `
export * from './stay'
export * from './visit'
`,
  'visit.ts': `
import { event, metric, z } from 'tidemark'
import { sizeOf } from './sizes'
export const visit = event('visit', { seconds: z.int() }, { derive: { size: (e) => sizeOf(e.seconds) } })
export const visits = metric('visits', visit.count('visits'), { by: ['size'], per: 'hour' })
`,
  'sizes.ts': `
import { limits } from './limits'
export const sizeOf = (seconds: number) => (seconds > limits.long ? 'long' : 'short')
`,
  'limits.ts': 'export const limits = { long: 60 }\n',
  'stay.ts': `
import { event, metric, z } from 'tidemark'
const factor = 2
export const stay = event('stay', { nights: z.int() }, { derive: { half: { integer: (e) => e.nights * factor } } })
export const stays = metric('stays', stay.count('stays'), { per: 'day' })
`,
}

/** Versions by metric of the folder as it is above, with some files changed. */
const versions = async (changed: Partial<Record<keyof typeof files | 'setup.ts', string>> = {}) => {
  const { metrics } = await built(changed)
  return Object.fromEntries(metrics.map(({ name, version }) => [name, version]))
}

let times = 0
const built = async (changed: Record<string, string>): Promise<ModelData> => {
  const dir = join(root, `${times++}`)
  mkdirSync(dir)
  for (const [name, text] of Object.entries({ ...files, ...changed })) writeFileSync(join(dir, name), text)
  return buildModel({ packageDir, definitionsDir: dir, outDir: join(dir, 'out') })
}

it('gives a metric a new version where any code that its event’s functions reach has changed, and else none', async () => {
  const before = await versions()
  expect(await versions()).toEqual(before)
  const limit = await versions({ 'limits.ts': 'export const limits = { long: 61 }\n' })
  expect(limit.visits).not.toBe(before.visits)
  expect(limit.stays).toBe(before.stays)
  const between = await versions({ 'sizes.ts': files['sizes.ts'].replace('> limits', '>= limits') })
  expect(between.visits).not.toBe(before.visits)
  expect(between.visits).not.toBe(limit.visits)
  const own = await versions({ 'stay.ts': files['stay.ts'].replace('factor = 2', 'factor = 3') })
  expect(own.stays).not.toBe(before.stays)
  expect(own.visits).toBe(before.visits)
})

it('gives none where only words, layout or other definitions changed', async () => {
  const before = await versions()
  const words = await versions({
    'limits.ts': '/** In seconds. */\nexport const limits = {\n  long: 60, // a minute\n}\n',
    'stay.ts': `${files['stay.ts']}export const nights = metric('nights', stay.countDistinct('nights'), { per: 'day' })\n`,
    'index.ts': `${files['index.ts']}\nimport { metric } from 'tidemark'\nimport { visit } from './visit'\nexport const all = metric('all', visit.count(), { per: 'day' })\n`,
  })
  expect(words.visits).toBe(before.visits)
  expect(words.all).toBeDefined()
})

it('runs what it hashed: the built model derives', async () => {
  const data = await built({})
  expect(data.events.map(({ name, derived, code }) => [name, derived, code?.length])).toEqual([
    ['stay', [{ name: 'half', type: 'integer' }], 32],
    ['visit', [{ name: 'size', type: 'string' }], 32],
  ])
  const { loadModel } = require(join(root, `${times - 1}`, 'out', 'model.cjs'))
  const model = await loadModel()
  const text = JSON.stringify({ type: 'visit', id: '1', at: '2026-01-01T00:00:00Z', seconds: 61 })
  const record = { shardId: 's', sequenceNumber: '1', arrivalTime: Date.parse('2026-01-01T00:00:00Z'), text }
  expect(model.decode(record).row).toMatchObject({ size: 'long' })
  expect(readFileSync(join(root, `${times - 1}`, 'out', 'model.cjs'), 'utf8')).not.toContain(root)
})

it('says what to do where an event with functions is not exported, or a file is imported for its effects', async () => {
  const hidden = files['visit.ts'].replace('export const visit ', 'const visit ')
  await expect(built({ 'visit.ts': hidden })).rejects.toThrow(
    'Event visit has functions (size), and nothing stands for their code. The build hashes that of every event that index.ts exports: export visit there.',
  )
  const effects = `import './setup'\n${files['visit.ts']}`
  await expect(built({ 'visit.ts': effects, 'setup.ts': 'globalThis.x = 1\n' })).rejects.toThrow(
    "imports a file for what it does when it is loaded (import './setup')",
  )
})

it('gives a score a new version where any code that its rule reaches has changed', async () => {
  const rules = `
import { event, profile, score, z } from 'tidemark'
import { limits } from './limits'
export const call = event('call', { caller: z.string() })
export const caller = profile('caller', { calls: call.count() }, { by: ['caller'], over: '1d' })
export const nuisance = score('nuisance', call, {
  profiles: { caller },
  rule: (_, { caller }) => ({ score: caller.calls > limits.long ? 1 : 0, because: [] }),
})
`
  const index = `${files['index.ts']}export * from './rules'\n`
  const ruled = async (changed: Record<string, string>) => {
    const { scores, profiles, metrics } = await built({ 'index.ts': index, 'rules.ts': rules, ...changed })
    return {
      score: scores?.[0]?.version,
      profile: profiles?.[0]?.version,
      stays: metrics.find(({ name }) => name === 'stays'),
    }
  }
  const before = await ruled({})
  const limit = await ruled({ 'limits.ts': 'export const limits = { long: 61 }\n' })
  expect(limit.score).not.toBe(before.score)
  expect(limit).toMatchObject({ profile: before.profile, stays: before.stays })
  const other = await ruled({ 'stay.ts': files['stay.ts'].replace('factor = 2', 'factor = 3') })
  expect(other.score).toBe(before.score)
})
