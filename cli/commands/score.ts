import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { type ScoreAnswer, type ScoreSummary, valueCell } from '../answers.ts'
import { usageError } from '../exit.ts'
import type { Answer } from '../output.ts'
import { receiptLines } from '../receipt.ts'
import { sessionOf } from '../session.ts'
import { answered } from './query.ts'

export const addScore = (program: Command): void => {
  program
    .command('score')
    .description('what a rule says of one event, read as JSON from stdin; the event is kept nowhere')
    .argument('[name]', 'left out: lists what there is')
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const session = sessionOf(command)
      const { api } = await session.connect()
      if (name === undefined) {
        const { scores } = await api.get<{ scores: readonly ScoreSummary[] }>('/v1/scores')
        session.answer(listed(scores))
        return
      }
      const event = await text(process.stdin)
      if (event.trim() === '') throw usageError(`Which event? Hand it in: tidemark score ${name} < event.json`)
      const path = `/v1/scores/${encodeURIComponent(name)}`
      session.answer(shown(await answered(() => api.post<ScoreAnswer>(path, event))))
    })
}

const listed = (scores: readonly ScoreSummary[]): Answer => ({
  json: { scores },
  tables: [
    {
      columns: ['name', 'event', 'profiles', 'description'],
      rows: scores.map(({ name, event, profiles, description }) => [
        name,
        event,
        profiles.map(({ profile }) => profile).join(', '),
        description,
      ]),
    },
  ],
})

const shown = (answer: ScoreAnswer): Answer => ({
  json: answer,
  tables: [
    {
      columns: ['measure', 'value', 'unit', 'exact'],
      rows: Object.entries(answer.profiles).flatMap(([as, { measures }]) =>
        Object.entries(measures).map(([name, { value, unit, exact }]) => [
          `${as}.${name}`,
          valueCell(value),
          unit,
          exact,
        ]),
      ),
    },
  ],
  head: [`${answer.name}: ${answer.score}, as of ${answer.at}`, ...answer.because.map((reason) => `  ${reason}`)],
  notes: receiptLines(answer.receipt),
})
