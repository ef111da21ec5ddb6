import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { readAssets } from '../../lib/assets.ts'
import { StatefulStack } from '../../lib/stacks/stateful.ts'
import { StatelessStack } from '../../lib/stacks/stateless.ts'
import { type Stage, stageNamed } from '../../lib/stages.ts'
import { stubAssets } from './stub-assets.ts'

export interface Resource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: a template is JSON of any shape
  readonly Properties: any
  readonly DependsOn?: readonly string[]
  readonly DeletionPolicy?: string
}

export interface Synthesized {
  readonly stage: Stage
  readonly stateful: Template
  readonly stateless: Template
}

const ports = { emulator: 4566, warehouse: 4567, spark: 4569, valkey: 4570 }
const { context }: { context: Record<string, unknown> } = JSON.parse(
  readFileSync(join(__dirname, '../../cdk.json'), 'utf8'),
)

/** Synthesizes a stage as `bin/app.ts` does. */
export const synthesize = (stageName: string, freshness?: string): Synthesized => {
  const { dir, remove } = stubAssets()
  try {
    const app = new App({ context })
    const stage = stageNamed(stageName, { ports, freshness })
    const stateful = new StatefulStack(app, 'Stateful', { stage })
    const stateless = new StatelessStack(app, 'Stateless', { stage, stateful, assets: readAssets(dir) })
    return { stage, stateful: Template.fromStack(stateful), stateless: Template.fromStack(stateless) }
  } finally {
    remove()
  }
}

export const resourcesOf = (template: Template, type?: string): [string, Resource][] =>
  Object.entries(template.toJSON().Resources as Record<string, Resource>).filter(
    ([, resource]) => type === undefined || resource.Type === type,
  )
