import { decimal, entity, event, instant, int, metric, z } from 'tidemark'
import { loadHash64 } from '../../core/hash.ts'
import type { Model } from '../../core/model.ts'
import { compileZoned } from '../resolved.ts'

/** A field of every kind that a definition can have, and each limit that one can set. */
const reading = event(
  'reading',
  {
    sensor: z.string(),
    room: z.string().nullable(),
    floor: z.int().optional(),
    open: z.boolean().default(false),
    kind: z.enum(['warm', 'cold']).nullish(),
    level: decimal(3, 'm').nullable(),
    steps: int('steps').optional(),
    share: z.number().min(-1).lt(2).optional(),
    code: z.string().min(2).max(4).default('none'),
    size: z.int32().gt(-5).optional(),
    takenAt: instant(),
    tags: z.array(z.string().nullable()).nullish(),
    note: z.any().optional(),
    device: z
      .object({
        os: z.string(),
        battery: decimal(1, '%').nullable(),
        model: z.object({ name: z.string().max(4).nullish(), year: z.int().default(2000) }).optional(),
        parts: z.array(z.string()).optional(),
      })
      .nullish(),
  },
  { id: ['sensor', 'level', 'floor'], at: 'takenAt', accept: { late: '365d', early: '2h' } },
)
const plain = event('plain', { who: z.string().optional() })
const placed = event(
  'placed',
  {
    meta: z.object({ takenAt: instant(), number: z.int().nullable(), from: z.object({ shop: z.string() }).nullable() }),
  },
  { id: ['meta.number', 'meta.from.shop'], at: 'meta.takenAt' },
)

/** What an entity keeps is written as JSON, which a stack has an end for. */
const doc = event('doc', { ref: z.string(), content: z.any() })

const docs = entity('docs', doc, { ref: 'ref', latest: 'at' })

const definitions = {
  readings: metric('readings', reading.count(), { by: ['room', 'floor', 'open', 'kind'], per: 'hour', live: '1h' }),
  codes: metric('codes', reading.count(), { by: ['code', 'size'], per: 'day', where: { open: { not: true } } }),
  level: metric('level', reading.sum('level'), { by: ['floor'], per: 'week', where: { level: { gte: '0.5 m' } } }),
  lowest: metric('lowest', reading.min('level'), { per: 'year' }),
  steps: metric('steps', reading.max('steps'), { per: 'month' }),
  mean_level: metric('mean_level', reading.mean('level'), { by: ['floor'], per: 'day', live: '1h' }),
  spread: metric('spread', reading.stddev('steps'), { per: 'month' }),
  high: metric('high', reading.quantile('steps', 0.9), { by: ['open'], per: 'month' }),
  levels: metric('levels', reading.histogram('level', ['0', '1.5', '1000']), { per: 'day' }),
  tagged: metric('tagged', reading.each('tags').count('tags'), { by: ['tags', 'open'], per: 'day' }),
  tags: metric('tags', reading.each('tags').countDistinct('tags'), { where: { tags: { not: 'a' } }, per: 'month' }),
  sensors: metric('sensors', reading.countDistinct('sensor', 'floor'), { per: 'day', live: '1d' }),
  who: metric('who', plain.countDistinct('who'), { by: ['who'], per: 'year' }),
  nightly: metric('nightly', reading.count(), { by: ['floor'], per: 'day', zone: 'Australia/Lord_Howe' }),
  weekly: metric('weekly', reading.countDistinct('room'), { per: 'week', zone: 'America/Sao_Paulo' }),
  hourly: metric('hourly', reading.sum('steps'), { by: ['open'], per: 'hour', zone: 'Asia/Kathmandu' }),
  devices: metric('devices', reading.count(), { by: ['device.os', 'device.model.year', 'open'], per: 'month' }),
  battery: metric('battery', reading.sum('device.battery'), { where: { 'device.os': { not: 'b' } }, per: 'year' }),
  models: metric('models', reading.countDistinct('device.os', 'device.model.name'), { per: 'month' }),
  parts: metric('parts', reading.each('device.parts').count('parts'), { by: ['device.parts'], per: 'year' }),
  placed: metric('placed', placed.count(), {
    by: ['meta.from.shop'],
    where: { 'meta.number': { gte: 0 } },
    per: 'year',
  }),
  kept: metric('kept', reading.count(), {
    by: ['kind', 'room', 'device.os', 'open'],
    keep: { kind: ['warm'], room: { values: ['r', "it's", 'b'], other: 'rest' }, 'device.os': ['a', 'b'] },
    per: 'month',
    live: '1h',
  }),
  plains: metric('plains', plain.count(), { per: 'second' }),
}

export const fuzzModel = async (): Promise<Model> => compileZoned({ ...definitions, docs }, await loadHash64())

/** All but the entity: that a change is too large or too deep to be kept, the recount in SQL does not tell. */
export const recountedModel = async (): Promise<Model> => compileZoned(definitions, await loadHash64())
