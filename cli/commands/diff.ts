import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { ModelData } from '../../core/model.ts'
import { type Difference, dangersOf, differencesOf } from '../../core/model-diff.ts'
import { installedViews, switchSql } from '../../sql/installed-views.ts'
import { exitCodes } from '../exit.ts'
import { servedModel } from '../model-file.ts'
import type { Answer } from '../output.ts'
import { type Session, sessionOf } from '../session.ts'

export const addDiff = (program: Command): void => {
  program
    .command('diff')
    .description('what a deploy of definitions would change of those that are served; exit 3 where it would')
    .option('--definitions <dir>', 'a folder whose index.ts exports the definitions', 'definitions')
    .action(async (options: { definitions: string }, command: Command) => {
      const session = sessionOf(command)
      const served = await servedModel(session, await session.connect())
      const model = await built(session, options.definitions)
      const answer = diffAnswer(served, model)
      session.answer(answer)
      if (served.version !== model.version || answer.limits.length > 0) process.exitCode = exitCodes.no
    })
}

const built = async (session: Session, definitions: string): Promise<ModelData> => {
  const { buildCheckedModel } = await import('../../scripts/build/checked-model.ts')
  const outDir = await mkdtemp(join(tmpdir(), 'tidemark-diff-'))
  try {
    const packageDir = join(import.meta.dirname, '..', '..')
    return await buildCheckedModel({ packageDir, definitionsDir: resolve(session.cwd, definitions), outDir })
  } finally {
    await rm(outDir, { recursive: true, force: true })
  }
}

/** `limits`: those that a deploy would watch, or end watching, otherwise than now. */
export const diffAnswer = (served: ModelData, model: ModelData): Answer & { readonly limits: readonly string[] } => {
  const differences = differencesOf(served, model)
  const dangers = dangersOf(served, model)
  const viewsOf = (which: ModelData) => installedViews(which, [model, served], 'redshift')
  const views = Math.max(0, switchSql(viewsOf(served), viewsOf(model)).length - 1)
  const limits = differences.flatMap(({ kind, name, change }) =>
    kind === 'limit' && change !== 'described' ? [name] : [],
  )
  return {
    limits,
    json: { served: served.version, definitions: model.version, differences, dangers, views },
    tables:
      differences.length === 0 ? [] : [{ columns: ['kind', 'name', 'change', 'what'], rows: differences.map(rowOf) }],
    head: [
      served.version === model.version
        ? `Model ${served.version} is served, and these are its definitions${differences.length === limits.length ? '' : ', worded otherwise'}: a deploy changes no answer.`
        : `Model ${served.version} is served; these definitions are model ${model.version}.`,
    ],
    notes: [
      ...dangers,
      ...(served.version === model.version ? [] : deployLines(differences, views)),
      ...(limits.length === 0 ? [] : [`A deploy is all that a limit needs: ${limits.join(', ')}.`]),
    ],
  }
}

const rowOf = ({ kind, name, change, parts }: Difference): string[] => [kind, name, change, parts.join('; ')]

const deployLines = (differences: readonly Difference[], views: number): string[] => {
  const counted = differences.filter(
    ({ kind, change }) => kind !== 'event' && kind !== 'limit' && (change === 'added' || change === 'changed'),
  )
  const [named, columns] = [
    counted.map(({ name }) => name).join(', '),
    views === 0 ? '' : `, and makes, drops or replaces ${views} ${views === 1 ? 'view' : 'views'}`,
  ]
  return [
    `A deploy leaves answers as they are, and counts ${named === '' ? 'nothing' : named} besides. The next recompute is full; its promotion serves these definitions${columns}, in one step.`,
  ]
}
