import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelData } from '../../core/model.ts'
import { viewsToInstall } from '../../lambdas/batch/changed-views.ts'
import { buildModel } from '../build/model.ts'

const metrics = Array.from({ length: 40 }, (_, nth) => `visits_${nth + 1}`)

const definitions = (by: string): string =>
  [
    "import { event, metric, z } from 'tidemark'",
    "const visit = event('visit', { page: z.string(), site: z.string() })",
  ]
    .concat(
      metrics.map((name) => `export const ${name} = metric('${name}', visit.count(), { by: [${by}], per: 'day' })`),
    )
    .join('\n')

/** The last section: what one definition can't show. */
export const change = async (packageDir: string): Promise<string> => {
  const [served, next] = [await modelOf(packageDir, "'page'"), await modelOf(packageDir, "'page', 'site'")]
  return `## A change that a deploy refuses

${metrics.length} metrics \`by: ['page']\` are served, and all of them are to be \`by: ['page', 'site']\`. One promotion replaces the views of all that
changed in one transaction, which takes a limited number of statements. The deploy (\`npx tidemark local up\`, on AWS the stack's migration) changes nothing and says:

\`\`\`
${refusal(served, next)}
\`\`\`
`
}

const refusal = (served: ModelData, next: ModelData): string => {
  try {
    viewsToInstall({ served, counted: [next, served], dialect: 'redshift' })
  } catch (error) {
    // It is what the page shows.
    if (error instanceof Error) return error.message
    throw error
  }
  throw new Error(`${metrics.length} changed views were not refused.`)
}

const modelOf = async (packageDir: string, by: string): Promise<ModelData> => {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-change-'))
  try {
    await writeFile(join(dir, 'index.ts'), definitions(by))
    return await buildModel({ packageDir, definitionsDir: dir, outDir: dir })
  } finally {
    await rm(dir, { recursive: true })
  }
}
