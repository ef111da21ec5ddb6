// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources whose templates are looked through
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mistakesPage } from '../../scripts/definition-mistakes/page.ts'
import { messagesIn, sourcesOfMessages } from './definition-messages.ts'

const root = join(__dirname, '../..')
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')
const page = textOf('docs/definition-mistakes.md')
const messages = sourcesOfMessages(root).flatMap((path) => messagesIn(path, textOf(path)))

/** What nobody can write a definition for, and why. */
const unseen: readonly (readonly [part: string, why: string])[] = [
  ['No table of the time zone', 'the build and the check resolve each zone, or refuse it first'],
  ["don't repeat every 400 years", 'no zone of the tz database does that'],
  ['is not among the definitions.', 'a definition brings its event along'],
  ['is no field of its event.', 'what is no list of the event is refused before, where each(…) stands'],
  ['that of every score', 'a score that compiling sees is exported'],
  ['The model has no sessions', 'nobody asks for sessions that the model does not list'],
  ['… is denied', 'the function that asked gets it; the check says what it asked for'],
  ['more would be rejected for other reasons.', 'it follows twenty such notes'],
  ['an error (…)', 'a part of another message'],
  ['the clock (Temporal)', 'Node has no Temporal yet'],
]
const isUnseen = (text: string): boolean => unseen.some(([part]) => text.includes(part))

it('shows what the definitions in it get when they are checked', async () => {
  expect(await mistakesPage(root)).toBe(page)
})

it('shows every message of the sources', () => {
  expect(messages.length).toBeGreaterThan(80)
  const missing = messages.filter(({ text, pattern }) => !pattern.test(page) && !isUnseen(text))
  expect(missing.map(({ path, line, text }) => `${path}:${line} ${text}`)).toEqual([])
})

it('leaves out no message that is gone or that it shows', () => {
  for (const [part] of unseen) expect([part, messages.some(({ text }) => text.includes(part))]).toEqual([part, true])
})

describe('a message is found', () => {
  const found = (source: string) => messagesIn('a.ts', source).map(({ text }) => text)

  it.each([
    ['in an error', 'throw new Error(`Metric ${name}: x is none.`)', ['Metric …: x is none.']],
    ['through lines', 'const f = () => { throw new Error(\n"it is wrong; mend it") }', ['it is wrong; mend it']],
    [
      'inside of another',
      'throw new Error(`None of ${a ? `such zone ${b} here` : "."}`)',
      ['None of …', 'such zone … here'],
    ],
    [
      'in what a function answers',
      'const f = () => `asks for ${what}. Take the time from its at.`',
      ['asks for …. Take the time from its at.'],
    ],
    ['not in other texts', "const f = 'a b c'; const g = new Set(['x'])", []],
  ])('%s', (_, source, expected) => {
    expect(found(source)).toEqual(expected)
  })
})
