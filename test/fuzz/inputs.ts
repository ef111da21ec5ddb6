import { aggregateOf, field, numberField, sealed } from '../aggregates.ts'
import type { Random } from './random.ts'

/** When every input arrives. */
export const arrivalTime = Date.parse('2026-03-01T12:00:00Z')

/** One Kinesis record's bytes: an event, more or less; rarely what never was one. */
export const inputOf = (random: Random): Buffer => {
  const kind = random.below(100)
  if (kind < 62) return Buffer.from(eventText(random))
  if (kind < 80) return damaged(random, Buffer.from(eventText(random)))
  if (kind < 86) return Buffer.from(oddText(random))
  if (kind < 88) return bytesOf(random, random.below(64))
  if (kind < 97) return aggregateOf(userRecords(random), ['k', 'é', ''])
  return brokenAggregate(random)
}

const userRecords = (random: Random): { data: Buffer; partitionKeyIndex: number }[] =>
  Array.from({ length: 1 + random.below(6) }, () => ({
    data: random.chance(0.05)
      ? aggregateOf(['{}'])
      : random.chance(0.9)
        ? Buffer.from(eventText(random))
        : inner(random),
    partitionKeyIndex: random.below(3),
  }))

const inner = (random: Random): Buffer => damaged(random, Buffer.from(eventText(random)))

const brokenAggregate = (random: Random): Buffer => {
  const records = userRecords(random)
  const whole = aggregateOf(records, ['k', 'é', ''])
  switch (random.below(4)) {
    case 0:
      return damaged(random, whole)
    case 1:
      // The sum is right; what it is the sum of is not.
      return sealed(damaged(random, whole.subarray(4, -16)))
    case 2:
      return sealed(Buffer.concat([whole.subarray(4, -16), numberField(random.below(40), random.below(1e9))]))
    default:
      return sealed(Buffer.concat([field(3, field(3, 'x')), bytesOf(random, random.below(20))]))
  }
}

const bytesOf = (random: Random, length: number): Buffer => Buffer.from(Array.from({ length }, () => random.below(256)))

/** Some bytes flipped, cut out, doubled, or put in between. */
const damaged = (random: Random, bytes: Buffer): Buffer => {
  let result = Buffer.from(bytes)
  for (let turn = 0; turn <= random.below(3); turn++) {
    const at = random.below(result.length + 1)
    const to = Math.min(result.length, at + random.below(12))
    const [before, middle, after] = [result.subarray(0, at), result.subarray(at, to), result.subarray(to)]
    const wedge = random.pick([
      () => bytesOf(random, 1 + random.below(4)),
      () => Buffer.from(random.pick(wedges)),
      () => Buffer.alloc(0),
      () => Buffer.concat([middle, middle]),
      () => middle.map((byte) => byte ^ (1 << random.below(8))),
    ])()
    result = Buffer.concat([before, wedge, after])
  }
  return result
}
const wedges = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ',',
  ':',
  '\\u0000',
  '\\ud800',
  '\u2028',
  '\ufeff',
  '1e999',
  '"__proto__":{}',
  '\0',
]

const oddText = (random: Random): string =>
  random.pick([
    () => '',
    () =>
      random.pick(['null', '0', '"text"', '[]', '{}', 'NaN', 'true', ' ', '\ufeff{}', '{"type":"reading"}', '[{}]']),
    () =>
      `{"type":${JSON.stringify(random.pick(['constructor', '__proto__', 'Reading', '', 'rejected', '_rejected']))}}`,
    () => nested(random, 1 + random.below(3000)),
    () => `{"type":"reading","sensor":${nested(random, 2000)}}`,
    () => `{"type":"doc","id":"1","at":0,"ref":"r","content":${nested(random, 1 + random.below(20_000))}}`,
    () => `${eventText(random)}${eventText(random)}`,
    () => JSON.stringify([JSON.parse(eventText(random))]),
    () => JSON.stringify(eventText(random)),
  ])()

const nested = (random: Random, depth: number): string => {
  const [open, close] = random.pick([['[', ']'] as const, ['{"a":', '}'] as const])
  return `${open.repeat(depth)}${random.pick(['0', 'null', '"x"'])}${close.repeat(depth)}`
}

/** The JSON text of an event, most of whose fields are right, in some order, some of them twice. */
const eventText = (random: Random): string => {
  const kind = random.below(10)
  const fields: (readonly [string, string])[] =
    kind < 8
      ? [
          ['type', '"reading"'],
          ...[...readingFields].flatMap(([name, value]) =>
            random.chance(needed.has(name) ? 0.99 : 0.6) ? [[name, valueText(random, value)] as const] : [],
          ),
        ]
      : kind === 8
        ? [
            ['type', '"placed"'],
            ['meta', valueText(random, metaText)],
          ]
        : [
            ['type', '"plain"'],
            ['at', valueText(random, timeText)],
            ['who', valueText(random, wordText)],
          ]
  if (random.chance(0.05)) fields.push([random.pick(strangeKeys), random.pick(oddValues)])
  if (random.chance(0.05)) fields.push(random.pick(fields))
  if (random.chance(0.03)) fields.push([random.pick(fields)[0], random.pick(oddValues)])
  if (random.chance(0.2)) fields.reverse()
  return `{${fields.map(([key, value]) => `${key.startsWith('"') ? key : JSON.stringify(key)}:${value}`).join(',')}}`
}

const valueText = (random: Random, usual: (random: Random) => string): string =>
  random.chance(0.02) ? random.pick(oddValues) : usual(random)

const strangeKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  'type ',
  '"\\ud800"',
  '"\\u0000"',
  'at',
  'hasOwnProperty',
]
const oddValues = [
  'null',
  'true',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"a\\udc00\\ud800b"',
  '"\\ud83d\\ude00"',
  '"\\\\ud800"',
  `"${'x'.repeat(257)}"`,
  `"${'x'.repeat(256)} "`,
  `"${' '.repeat(257)}"`,
  `"${'ü'.repeat(128)}"`,
  `"${'ü'.repeat(129)}"`,
  `"${'\\ud800'.repeat(90)}"`,
  `"${'y'.repeat(1100)}"`,
  '{}',
  '[]',
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  '-0',
  '0.0',
  '1e2',
  '1E400',
  '-1e400',
  '9007199254740991',
  '9007199254740992',
  '-9007199254740993',
  '123456789012345678901234567890',
  '0.1',
  '1e-7',
  '5e-324',
  '1.0000000000000001',
  '"1e5"',
  '"-0.000"',
  '"9007199254740.991"',
  '"9007199254740.992"',
  '" 1"',
  '"٣"',
  '2147483647',
  '2147483648',
  '-5',
]

const hourMs = 3_600_000
const wordText = (random: Random): string =>
  JSON.stringify(
    random.pick([
      'a',
      'b',
      '',
      'null',
      'q\'"\\',
      'ünï 🌊',
      '\u2028',
      '\\N',
      'tab\t',
      ' ',
      'a ',
      'b  ',
      'ünï 🌊 ',
      'none',
      'NULL',
      '%',
      '😀😀',
    ]),
  )
const intText = (random: Random): string => String(random.below(7) - 3)
/** Mostly what is allowed; rarely what lies on an edge or beyond it. */
const mostly = (random: Random, usual: readonly string[], edges: readonly string[]): string =>
  random.pick(random.chance(0.95) ? usual : edges)
const levelText = (random: Random): string =>
  mostly(
    random,
    ['null', '"1.5"', '"-3"', '0.125', '"0.499"', '"0.500"', '12', '"0.5000"', '-0.001', '"00.5"'],
    ['"1234567890123456"', '".5"', '"5."', '"+1"', '1.0005', '"1,5"', '1e3'],
  )
const timeText = (random: Random): string => {
  const ms = arrivalTime - 370 * 86_400_000 + random.below(370 * 24 + 4) * hourMs + random.below(3) * 500
  if (random.chance(0.4)) return String(random.chance(0.9) ? ms : random.pick(edgesOfTime))
  if (random.chance(0.9)) return JSON.stringify(new Date(ms).toISOString())
  return JSON.stringify(random.pick(timeForms))
}
const edgesOfTime = [
  ...[0, 1].map((over) => arrivalTime + 2 * hourMs + over),
  ...[0, 1].map((over) => arrivalTime - 365 * 24 * hourMs - over),
  ...[-62_135_596_800_000, -62_135_596_800_001, 253_402_300_799_999, 253_402_300_800_000, 8.64e15, 8.64e15 + 1],
]
const timeForms = [
  '2026-02-28T23:59:59.999999Z',
  '2026-03-01T12:00:00+14:00',
  '2026-03-01T12:00:00-00:00',
  '2026-03-01T12:00:00+23:59',
  '2026-03-01T12:00:00+24:00',
  '2026-03-01T12:00Z',
  '2026-03-01 12:00:00Z',
  '2026-03-01T12:00:00',
  '2026-03-01T12:00:00z',
  '2026-03-01t12:00:00Z',
  '2026-03-01T24:00:00Z',
  '2026-03-01T12:00:60Z',
  '2026-02-29T12:00:00Z',
  '2024-02-29T12:00:00Z',
  '2025-02-30T12:00:00Z',
  '2026-03-01T12:00:00.Z',
  '2026-03-01T12:00:00+0100',
  '0001-01-01T00:00:00+23:59',
  '0000-12-31T23:59:59Z',
  '9999-12-31T23:59:59.999-01:00',
  '+012026-03-01T12:00:00Z',
  '-000001-03-01T12:00:00Z',
  ' 2026-03-01T12:00:00Z',
  '2026-03-01T12:00:00Z\n',
]

/** An object of some of the fields, each as likely as it says, in JSON. */
const objectText = (random: Random, ...fields: (readonly [string, number, (random: Random) => string])[]): string =>
  `{${fields.flatMap(([name, part, value]) => (random.chance(part) ? [`"${name}":${valueText(random, value)}`] : [])).join(',')}}`
const orNull = (value: (random: Random) => string) => (random: Random) => (random.chance(0.2) ? 'null' : value(random))
const deviceText = (random: Random): string =>
  objectText(
    random,
    ['os', 0.97, wordText],
    ['battery', 0.97, orNull((some) => mostly(some, ['"1.5"', '100', '0'], ['1.55', '"x"']))],
    ['model', 0.5, modelText],
    ['other', 0.1, () => nested(random, random.below(30))],
  )
const modelText = (random: Random): string =>
  objectText(random, ['name', 0.7, orNull(wordText)], ['year', 0.7, intText])
const metaText = (random: Random): string =>
  objectText(
    random,
    ['takenAt', 0.97, timeText],
    ['number', 0.97, orNull(intText)],
    ['from', 0.97, orNull((some) => objectText(some, ['shop', 0.97, wordText]))],
  )

const needed = new Set(['sensor', 'room', 'level', 'takenAt'])
const readingFields = new Map<string, (random: Random) => string>([
  ['sensor', wordText],
  ['room', (random) => (random.chance(0.2) ? 'null' : wordText(random))],
  ['floor', intText],
  ['open', (random) => random.pick(['true', 'false'])],
  ['kind', (random) => mostly(random, ['"warm"', '"cold"', 'null'], ['"Warm"', '"warm "'])],
  ['level', levelText],
  [
    'steps',
    (random) => mostly(random, ['0', '12', '-7', '3.0', '1e3'], ['9007199254740991', '-9007199254740991', '0.5']),
  ],
  ['share', (random) => mostly(random, ['0', '-1', '1.99', '1e-9', '0.30000000000000004'], ['2', '-1.01'])],
  [
    'code',
    (random) => mostly(random, ['"ab"', '"ab "', '"abcd"', '"😀😀"', '"üü"'], ['"a"', '"abcde"', '"😀"', '"😀😀😀"']),
  ],
  ['size', (random) => mostly(random, ['0', '-4', '2147483647', '7'], ['-5', '2147483648'])],
  ['takenAt', timeText],
  ['note', (random) => random.pick(['null', '{"a":[1]}', '"n"', '[[[]]]', '1E400', nested(random, random.below(50))])],
  ['device', (random) => (random.chance(0.1) ? 'null' : deviceText(random))],
  ['id', wordText],
])
