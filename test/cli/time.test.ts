import { exitCodes } from '../../cli/exit.ts'
import { iso, parseInstant, parseSpan } from '../../cli/time.ts'

const now = Date.parse('2026-03-10T15:30:00Z')
const at = (text: string): number => Date.parse(text)

describe('parseInstant', () => {
  it.each([
    ['2013', '2013-01-01T00:00:00Z'],
    ['2013-07', '2013-07-01T00:00:00Z'],
    ['2013-07-04', '2013-07-04T00:00:00Z'],
    ['2013-07-04T10:15', '2013-07-04T10:15:00Z'],
    ['2013-07-04T10:15:30.250Z', '2013-07-04T10:15:30.250Z'],
    ['2013-07-04T10:15:00+02:00', '2013-07-04T08:15:00Z'],
    ['today', '2026-03-10T00:00:00Z'],
    ['yesterday', '2026-03-09T00:00:00Z'],
    ['tomorrow', '2026-03-11T00:00:00Z'],
    ['now', '2026-03-10T15:30:00Z'],
  ])('reads %s', (text, expected) => {
    expect(iso(parseInstant(text, now))).toBe(iso(at(expected)))
  })

  it.each([
    '',
    'noon',
    '2013-13-01',
    '2013-02-30',
    '2013-02-30T10:00Z',
    '07/04/2013',
    '1372896000',
    '2013-07-04 10:15',
  ])('refuses %j as wrong usage', (text) => {
    expect(() => parseInstant(text, now)).toThrow(expect.objectContaining({ exitCode: exitCodes.usage }))
  })
})

describe('parseSpan', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('reads %s', (text, expected) => {
    expect(parseSpan(text)).toBe(expected)
  })

  it.each(['0s', '-5m', '5', '5 minutes', '1.5h', ''])('refuses %j', (text) => {
    expect(() => parseSpan(text)).toThrow('is no length of time')
  })
})
