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
  readFileSync(join(import.meta.dirname, '../../cdk.json'), 'utf8'),
)

/** Synthesizes a stage as `bin/app.ts` does. @param model what its `model.json` holds besides */
export const synthesize = (
  stageName: string,
  freshness?: string,
  model: Parameters<typeof stubAssets>[0] = {},
): Synthesized => {
  const { dir, remove } = stubAssets(model)
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

/** The recompute state machine, with every reference as the text `REF`, so that ARNs don't count. */
export const definitionOf = ({ stateless }: Synthesized): unknown => {
  const [machine] = resourcesOf(stateless, 'AWS::StepFunctions::StateMachine')
  const text: string | { 'Fn::Join': [string, unknown[]] } = machine?.[1].Properties.DefinitionString
  const parts = typeof text === 'string' ? [text] : text['Fn::Join'][1]
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'REF')).join(''))
}
