import type { RawRecord } from '../../core/record.ts'
import type { Random } from '../fuzz/random.ts'
import { amountText } from './definition-text.ts'
import type { DefinitionsPlan, EventPlan, FieldPlan, Value } from './plan.ts'

export type FieldValue = Value | null | readonly (Value | null)[]

/** A record, and what was meant by it. */
export interface Told {
  readonly record: RawRecord
  /** null: it is no event. */
  readonly said: Said | null
}

export interface Said {
  readonly event: EventPlan
  readonly id: string | null
  /** Epoch ms. */
  readonly at: number
  /** By path; what is left out has what stands for it. */
  readonly values: ReadonlyMap<string, FieldValue>
}

/** Each shard's records in order, and how many of them lie at or below its mark. */
export interface Story {
  readonly lines: ReadonlyMap<string, readonly Told[]>
  readonly below: ReadonlyMap<string, number>
}

const shardIds = [0, 1, 2].map((number) => `shardId-00000000000${number}`)
const hourMs = 3_600_000
export const firstArrival = Date.parse('2026-11-23T12:00:00Z')

/** Moments about which much happens: clocks change, dates and years end. */
const moments = [
  '2026-11-23T11:00:00Z',
  '2026-11-23T11:00:00Z',
  '2026-11-22T23:59:59.999Z',
  '2026-11-16T00:00:00Z',
  '2026-10-25T01:00:00Z',
  '2026-11-01T06:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-04-04T15:00:00Z',
  '2025-12-31T23:30:00Z',
  '2024-02-29T12:00:00Z',
  '2017-10-15T03:00:00Z',
  '2011-12-30T10:00:00Z',
  '1969-12-31T23:59:59.001Z',
  '1900-01-01T00:00:00Z',
].map((text) => Date.parse(text))

/** Records that the random choices decide: skewed, some of them twins, late, early or no events at all. */
export const randomStory = (random: Random, { events }: DefinitionsPlan, count: number): Story => {
  const lines = new Map<string, Told[]>(shardIds.map((shardId) => [shardId, []]))
  const all: Said[] = []
  let arrival = firstArrival
  for (let number = 0; number < count; number++) {
    // Now and then longer than speed remembers identities.
    arrival += random.chance(0.02) ? 11 * 60_000 : random.below(20_000)
    const said = random.chance(0.04) ? null : randomSaid(random, events, all, { number, arrival })
    if (said !== null) all.push(said)
    const shardId = shardIds[Math.min(random.below(3), random.below(3))] ?? ''
    const line = lines.get(shardId) ?? []
    line.push({ record: recordOf(random, shardId, line.length + 1, arrival, said), said })
    lines.set(shardId, line)
  }
  const below = new Map([...lines].map(([shardId, line]) => [shardId, random.below(line.length + 1)]))
  return { lines, below }
}

interface Moment {
  readonly number: number
  readonly arrival: number
}

const randomSaid = (random: Random, events: readonly EventPlan[], before: readonly Said[], moment: Moment): Said => {
  const twin = before.length > 0 && random.chance(0.2) ? random.pick(before.slice(-30)) : null
  if (twin === null) {
    const event = random.pick(events)
    const at = timeOf(random, moment.arrival)
    return { event, id: random.chance(0.05) ? null : `e${moment.number}`, at, values: randomValues(random, event) }
  }
  // The same once more; or the same event telling something else; or another event of the same id.
  if (random.chance(0.5)) return twin
  const values = new Map(randomValues(random, twin.event))
  // A field in an object comes with all of it, which may be left out as a whole.
  const roots = new Set(twin.event.id.map(rootOf))
  for (const { path } of twin.event.fields) if (roots.has(rootOf(path))) values.set(path, twin.values.get(path) ?? null)
  return { ...twin, values, at: random.chance(0.9) ? twin.at : twin.at - 1 }
}

const rootOf = (path: string): string => path.split('.')[0] ?? ''

const timeOf = (random: Random, arrival: number): number => {
  if (random.chance(0.3)) return arrival - random.below(2 * hourMs)
  if (random.chance(0.05)) return arrival + random.below(50 * hourMs)
  return random.pick(moments) + (random.below(7) - 3) * random.pick([1, 1000, 60_000, 0.5 * hourMs, hourMs])
}

const randomValues = (random: Random, event: EventPlan): Map<string, FieldValue> => {
  const absent = ['box', 'box.deep'].filter(() => random.chance(0.15)).map((path) => `${path}.`)
  return new Map(
    event.fields.map((field) => [
      field.path,
      absent.some((prefix) => field.path.startsWith(prefix)) ? null : randomValue(random, field),
    ]),
  )
}

const randomValue = (random: Random, field: FieldPlan): FieldValue => {
  if (field.missing !== 'never' && random.chance(0.2)) return field.missing === 'default' ? field.standIn : null
  if (!field.list) return skewed(random, field.pool)
  return Array.from({ length: random.below(5) }, () => (random.chance(0.15) ? null : skewed(random, field.pool)))
}

const skewed = (random: Random, pool: readonly Value[]): Value =>
  pool[Math.min(random.below(pool.length), random.below(pool.length))] ?? random.pick(pool)

const recordOf = (
  random: Random,
  shardId: string,
  number: number,
  arrivalTime: number,
  said: Said | null,
): RawRecord => ({
  shardId,
  sequenceNumber: String(number).padStart(64, '0'),
  arrivalTime,
  text: said === null ? junkText(random) : saidText(random, said),
})

const junkText = (random: Random): string =>
  random.pick([
    '',
    '{"type":"event0"',
    'null',
    '[]',
    '{"type":"nothing","at":0}',
    '{"type":"event0"}',
    '{"type":"event1","at":"yesterday"}',
    '{"type":"event2","id":7,"at":0}',
  ])

/** The event as a producer writes it: a time in some form, numbers as text or not, nulls told or left out. */
const saidText = (random: Random, { event, id, at, values }: Said): string => {
  const root: Record<string, unknown> = {}
  const places = new Map<string, Record<string, unknown>>([['', root]])
  for (const field of event.fields) {
    const keys = field.path.split('.')
    const name = keys.pop() ?? ''
    if (isAbsent(values, event, keys)) continue
    const holder = holderOf(places, keys)
    const value = values.get(field.path) ?? null
    if (field.missing === 'default' && value === field.standIn && random.chance(0.5)) continue
    if (value === null && field.missing === 'absent' && random.chance(0.5)) continue
    holder[name] = jsonOf(random, field, isLoose(event, field) ? withBlanks(random, value) : value)
  }
  const named = { type: event.name, ...(id === null ? {} : { id }), at: timeText(random, at) }
  return numbersIn(JSON.stringify({ ...named, ...root }))
}

/** Whether blanks at its end say nothing: they do where a text identifies, and a function gets what was sent. */
const isLoose = ({ id, derived }: EventPlan, { kind, path }: FieldPlan): boolean =>
  kind === 'text' &&
  !id.includes(path) &&
  !derived.some(({ makes }) => makes !== 'hour' && makes.longerThanTwo === path)

/** The same text as some producer writes it. */
const withBlanks = (random: Random, value: FieldValue): FieldValue => {
  if (Array.isArray(value)) return value.map((one: Value | null) => withBlanks(random, one) as Value | null)
  return typeof value === 'string' && random.chance(0.2) ? `${value}${' '.repeat(1 + random.below(3))}` : value
}

/** Whether an object on the way is left out: then all in it is null, though its schema may not allow that. */
const isAbsent = (values: ReadonlyMap<string, FieldValue>, event: EventPlan, keys: readonly string[]): boolean =>
  keys.some((_, place) => {
    const prefix = `${keys.slice(0, place + 1).join('.')}.`
    return event.fields.every(({ path }) => !path.startsWith(prefix) || (values.get(path) ?? null) === null)
  })

const holderOf = (places: Map<string, Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> => {
  const path = keys.join('.')
  const known = places.get(path)
  if (known !== undefined) return known
  const own: Record<string, unknown> = {}
  holderOf(places, keys.slice(0, -1))[keys.at(-1) ?? ''] = own
  places.set(path, own)
  return own
}

/** Digits that JSON is to hold as they are: marked here, and bared once the text is made. */
const bare = (digits: string): string => `<number>${digits}</number>`
const numbersIn = (text: string): string => text.replaceAll(/"<number>([^<]*)<\/number>"/g, '$1')

const jsonOf = (random: Random, field: FieldPlan, value: FieldValue): unknown => {
  if (Array.isArray(value)) return value.map((one: Value | null) => jsonOf(random, field, one))
  if (typeof value !== 'bigint') return value
  const digits = amountText(value, field.scale)
  // A number has the precision of a double, and of a decimal fewer digits than 15 are safe.
  return field.kind === 'decimal' && (digits.length > 12 || random.chance(0.6)) ? digits : bare(digits)
}

const timeText = (random: Random, at: number): unknown => {
  if (random.chance(0.3)) return at
  if (random.chance(0.5)) return new Date(at).toISOString()
  return `${new Date(at + 5.5 * hourMs).toISOString().slice(0, -1)}+05:30`
}
