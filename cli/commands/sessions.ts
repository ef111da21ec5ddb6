import type { Command } from 'commander'
import type { SessionsAnswer, SessionsSummary } from '../answers.ts'
import { usageError } from '../exit.ts'
import type { Answer } from '../output.ts'
import { receiptLines } from '../receipt.ts'
import { sessionOf } from '../session.ts'
import { asOfText } from '../time.ts'
import { answered } from './query.ts'

interface SessionsOptions {
  readonly asOf?: string
}

export const addSessions = (program: Command): void => {
  program
    .command('sessions')
    .description('the sessions of one key: its events told apart, and what each comes to')
    .argument('[name]', 'left out: lists what there is')
    .argument('[key]', 'whose sessions')
    .option('--as-of <time>', 'only what happened before that time; default: up to now')
    .action(async (name: string | undefined, key: string | undefined, options: SessionsOptions, command: Command) => {
      const session = sessionOf(command)
      const asOf = asOfText(options.asOf, session.now())
      const { api } = await session.connect()
      if (name === undefined) {
        const { sessions } = await api.get<{ sessions: readonly SessionsSummary[] }>('/v1/sessions')
        session.answer(listed(sessions))
        return
      }
      if (key === undefined) throw usageError(`Whose ${name}? Give its key: tidemark sessions ${name} KEY.`)
      const path = `/v1/sessions/${[name, key].map(encodeURIComponent).join('/')}`
      session.answer(shown(await answered(() => api.get<SessionsAnswer>(path, { asOf }))))
    })
}

const listed = (sessions: readonly SessionsSummary[]): Answer => ({
  json: { sessions },
  tables: [
    {
      columns: ['name', 'by', 'events', 'gap', 'longest', 'metrics', 'description'],
      rows: sessions.map(({ name, by, events, gap, longest, metrics, description }) => [
        ...[name, by, events.join(', '), gap, longest],
        metrics.map((metric) => metric.name).join(', '),
        description,
      ]),
    },
  ],
})

const shown = (answer: SessionsAnswer): Answer => ({
  json: answer,
  tables: [
    {
      columns: ['startedAt', 'lastAt', 'seconds', 'events', 'state', 'closed'],
      rows: answer.rows.map(({ startedAt, lastAt, duration, events, state, closed }) => [
        ...[startedAt, lastAt, duration, events],
        state ?? null,
        closed,
      ]),
    },
  ],
  head: [`${answer.sessions} of ${Object.values(answer.by).join(' ')} as of ${answer.asOf}`],
  notes: [
    ...answer.rows.flatMap(({ startedAt, failures = [] }) =>
      failures.map((failure) => `step passed over an event of ${startedAt}: it ${failure}`),
    ),
    ...receiptLines(answer.receipt),
  ],
})
