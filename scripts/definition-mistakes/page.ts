import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkDefinitions } from '../check/definitions.ts'
import { change } from './change.ts'
import { conditionsAndDimensions } from './conditions-and-dimensions.ts'
import { entities } from './entities.ts'
import type { Example, Group } from './example.ts'
import { fields } from './fields.ts'
import { files } from './files.ts'
import { functions } from './functions.ts'
import { limits } from './limits.ts'
import { measures } from './measures.ts'
import { names } from './names.ts'
import { profiles } from './profiles.ts'
import { scores } from './scores.ts'
import { sessions } from './sessions.ts'
import { spans } from './spans.ts'

const groups: readonly Group[] = [
  names,
  fields,
  conditionsAndDimensions,
  measures,
  spans,
  entities,
  profiles,
  scores,
  sessions,
  limits,
  functions,
  files,
]

/** The first line of every example. */
const imports =
  "import { decimal, entity, event, instant, int, limit, metric, minus, profile, ratio, score, secret, sessions, z } from 'tidemark'"

const introduction = `# Mistakes in definitions

Every message that a definition can get, with what causes it. \`npx tidemark check\` says them, all at once, and builds nothing. Most of
these an editor underlines before, for the types refuse them, too.

Each text below is an \`index.ts\` after its first line, \`${imports}\`. Below it stands what \`check\` answers: the
file and the line, where a definition of that name is found, and what is wrong.

This page is written by \`npx tsx scripts/generate-definition-mistakes.ts\`, which runs all of it.
`

/**
 * `docs/definition-mistakes.md`: each example is checked for real.
 * @throws where nothing is wrong with one
 */
export const mistakesPage = async (packageDir: string): Promise<string> => {
  const sections: string[] = [introduction]
  for (const { title, examples } of groups) {
    sections.push(`## ${title}\n`)
    for (const example of examples) sections.push(section(example, await answerTo(packageDir, example)))
  }
  return [...sections, await change(packageDir)].join('\n')
}

const section = ({ title, file, definitions, files: others = {}, sample }: Example, answer: string): string => {
  const beside = Object.entries(others).map(([name, text]) => `With \`${name}\`:\n\n${fenced('ts', text)}\n`)
  const given = sample === undefined ? [] : [`With \`--sample\` of:\n\n${fenced('json', `${sample}\n`)}\n`]
  return [
    `### ${title}\n`,
    ...(file === undefined ? [] : [`In \`${file}\`:\n`]),
    `${fenced('ts', `${definitions}\n`)}\n`,
    ...beside,
    ...given,
    fenced('', answer),
    '',
  ].join('\n')
}

export const fenced = (language: string, text: string): string => `\`\`\`${language}\n${text}\`\`\``

/** A limit that takes less of whoever waits than the usual one. */
const patience = { runMs: 1000, loadMs: 3000 }

const answerTo = async (packageDir: string, example: Example): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-mistakes-'))
  try {
    const definitionsDir = await written(join(dir, 'definitions'), example)
    const lines = example.sample?.split('\n') ?? []
    const { mistakes, notes } = await checkDefinitions({ packageDir, definitionsDir }, lines, patience).catch(
      // Printed in a mistake's place, as the command does.
      (error: Error) => ({ mistakes: [{ where: null, message: error.message }], notes: [] }),
    )
    if (mistakes.length + notes.length === 0) throw new Error(`Nothing is wrong with the example '${example.title}'.`)
    const told = mistakes.map(({ where, message }) => `${where === null ? '' : `${where}  `}${message}`)
    return `${[...told, ...notes].join('\n')}\n`.replaceAll(definitionsDir, 'definitions')
  } finally {
    await rm(dir, { recursive: true })
  }
}

const written = async (
  dir: string,
  { file = 'index.ts', definitions, files: others = {} }: Example,
): Promise<string> => {
  await mkdir(dir)
  for (const [name, text] of Object.entries({ ...others, [file]: `${imports}\n${definitions}\n` }))
    await writeFile(join(dir, name), text)
  return dir
}
