import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { failureMessages } from '../messages.ts'

const root = join(__dirname, '..', '..')
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')
const messages = Object.entries(failureMessages)

const levelOf = (line: string): number => /^(#+) /.exec(line)?.[1]?.length ?? Number.POSITIVE_INFINITY

/** The text below a heading, up to the next of its own or a higher level; '' where there is no such heading. */
const sectionOf = (page: string, heading: string): string => {
  const lines = page.split('\n')
  const from = lines.findIndex((line) => line.replace(/^#+ /, '') === heading && levelOf(line) < 9)
  if (from === -1) return ''
  const after = lines.slice(from + 1)
  const end = after.findIndex((line) => levelOf(line) <= levelOf(lines[from] ?? ''))
  return after.slice(0, end === -1 ? undefined : end).join('\n')
}

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')

describe('the failure messages', () => {
  const reliability = sectionOf(textOf('docs/reliability.md'), 'Failure messages')
  const runbook = textOf('docs/runbook.md')

  it.each(messages)('%s stands in the runbook, below the heading that says what to type', (_, { quote, heading }) => {
    expect(sectionOf(runbook, heading)).toContain(quote)
  })

  it.each(messages)('%s stands in docs/reliability.md, with its heading and what provokes it', (_, message) => {
    const { failure, quote, heading, test } = message
    const by = test === null ? 'Seen on a laptop stage, by hand.' : `Provoked by \`${test}\`.`
    expect(reliability).toContain(
      `${failure}:\n\n\`\`\`\n${quote}\n\`\`\`\n\n[${heading}](runbook.md#${anchorOf(heading)}). ${by}\n`,
    )
  })

  it('are each read by the test that is named', () => {
    for (const [name, { test }] of messages)
      if (test !== null) expect([name, textOf(test)]).toEqual([name, expect.stringContaining(`quoted('${name}')`)])
  })

  it('are all that docs/reliability.md quotes', () => {
    expect(reliability.match(/^```$/gm)).toHaveLength(2 * messages.length)
  })
})
