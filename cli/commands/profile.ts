import type { Command } from 'commander'
import { type ProfileAnswer, type ProfileSummary, valueCell } from '../answers.ts'
import { usageError } from '../exit.ts'
import type { Answer } from '../output.ts'
import { receiptLines } from '../receipt.ts'
import { sessionOf } from '../session.ts'
import { asOfText, intervalText } from '../time.ts'
import { answered } from './query.ts'

interface ProfileOptions {
  readonly asOf?: string
}

export const addProfile = (program: Command): void => {
  program
    .command('profile')
    .description('what a profile says of one key: several measures over its span, of one moment')
    .argument('[name]', 'left out: lists what there is')
    .argument('[key...]', 'a value for each of its dimensions, in their order')
    .option('--as-of <time>', 'only what happened before the bucket of that time; default: up to now')
    .action(async (name: string | undefined, key: string[], options: ProfileOptions, command: Command) => {
      const session = sessionOf(command)
      const asOf = asOfText(options.asOf, session.now())
      const { api } = await session.connect()
      if (name === undefined) {
        const { profiles } = await api.get<{ profiles: readonly ProfileSummary[] }>('/v1/profiles')
        session.answer(listed(profiles))
        return
      }
      if (key.length === 0) throw usageError(`Which ${name}? Give its key: tidemark profile ${name} KEY.`)
      const path = `/v1/profiles/${[name, ...key].map(encodeURIComponent).join('/')}`
      session.answer(shown(await answered(() => api.get<ProfileAnswer>(path, { asOf }))))
    })
}

const listed = (profiles: readonly ProfileSummary[]): Answer => ({
  json: { profiles },
  tables: [
    {
      columns: ['name', 'by', 'over', 'per', 'measures', 'description'],
      rows: profiles.map(({ name, by, over, per, measures, description }) => [
        name,
        by.join(', '),
        over,
        per,
        measures.map((measure) => measure.name).join(', '),
        description,
      ]),
    },
  ],
})

const shown = (answer: ProfileAnswer): Answer => ({
  json: answer,
  tables: [
    {
      columns: ['measure', 'value', 'unit', 'exact'],
      rows: Object.entries(answer.measures).map(([as, { value, unit, exact }]) => [as, valueCell(value), unit, exact]),
    },
  ],
  head: [
    `${answer.profile} of ${Object.values(answer.by).join(' ')} in ${intervalText({ from: Date.parse(answer.from), to: Date.parse(answer.to) })}`,
  ],
  notes: receiptLines(answer.receipt),
})
