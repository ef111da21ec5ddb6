import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { createProgram } from '../../cli/program.ts'

const root = join(__dirname, '..', '..')
const pages = [
  'README.md',
  'docs/runbook.md',
  'docs/errors.md',
  'docs/architecture.md',
  'docs/reliability.md',
  'docs/duplicates.md',
  'localstack/README.md',
]

/** Every `tidemark …` that a page shows: in backticks, or as a line of a code block. */
const shown = (page: string): string[] => {
  const text = readFileSync(join(root, page), 'utf8')
  const inline = Array.from(text.matchAll(/`(?:npx )?tidemark ([a-z][^`\n]*)`/g), ([, words = '']) => words)
  const lines = Array.from(text.matchAll(/^\$? ?(?:.* \| )?npx tidemark ([^#\n]*)/gm), ([, words = '']) => words)
  return [...inline, ...lines].map((words) => words.trim())
}

/** What of the words the command line does not know: a command's name, or an option. */
const unknownIn = (words: string): string[] => {
  let command: Command = createProgram()
  const all = [...command.options]
  const tokens = words.split(/\s+/)
  while (command.commands.length > 0) {
    const name = tokens.shift() ?? ''
    if (name === '') break
    if (name.startsWith('-')) return all.some((option) => option.long === name) || name === '--help' ? [] : [name]
    const next = command.commands.find((candidate) => candidate.name() === name)
    if (next === undefined) return [name]
    command = next
    all.push(...command.options)
  }
  const options = tokens.filter((token) => token.startsWith('--'))
  return options.filter((name) => name !== '--help' && !all.some((option) => option.long === name))
}

test.each(pages)('%s shows commands and options that there are', (page) => {
  const unknown = shown(page).flatMap((words) => unknownIn(words).map((word) => `${word} in \`tidemark ${words}\``))
  expect(unknown).toEqual([])
})

test('a command or option that there is not would be noticed', () => {
  expect(shown('README.md').length).toBeGreaterThan(10)
  expect(unknownIn('unheard --of x')).toEqual(['unheard'])
  expect(unknownIn('local up --nowhere')).toEqual(['--nowhere'])
  expect(unknownIn('rollback ds-1 --dry-run --stage prod')).toEqual([])
})

test('README.md names the commands that ask the API, which do not work on AWS yet', () => {
  const folder = join(root, 'cli', 'commands')
  const asking = readdirSync(folder)
    .filter((file) =>
      /\{ api \}|connection\.api|servedModel\(|liveManifest\(/.test(readFileSync(join(folder, file), 'utf8')),
    )
    .map((file) => file.replace('.ts', ''))
  const [, sentence = ''] = /does not work there yet: (.*)/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  const named = Array.from(sentence.split('`curl')[0]?.matchAll(/`([a-z]+)`/g) ?? [], ([, name = '']) => name)
  expect(named.sort()).toEqual(asking.sort())
})
