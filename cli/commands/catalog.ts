import type { Command } from 'commander'
import { catalogueOf } from '../../core/catalogue.ts'
import { servedModel } from '../model-file.ts'
import { sessionOf } from '../session.ts'

export const addCatalog = (program: Command): void => {
  program
    .command('catalog')
    .description('all that is served, described: metrics, entities, events, as a page of Markdown')
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command)
      const model = await servedModel(session, await session.connect())
      session.answer({ json: model, tables: [], head: [catalogueOf(model)] })
    })
}
