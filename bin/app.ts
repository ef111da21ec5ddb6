import { resolve } from 'node:path'
import { App } from 'aws-cdk-lib'
import { readAssets } from '../lib/assets.ts'
import { StatefulStack } from '../lib/stacks/stateful.ts'
import { StatelessStack } from '../lib/stacks/stateless.ts'
import { stageNamed } from '../lib/stages.ts'
import { portsFrom } from '../localstack/ports.ts'

const app = new App()
const context = (name: string): string | undefined => app.node.tryGetContext(name)

const stage = stageNamed(context('stage') ?? 'local', {
  ports: portsFrom(process.env.TIDEMARK_PORT),
  freshness: context('freshness'),
})
const assets = readAssets(resolve(context('assets') ?? 'dist'))
const stateful = new StatefulStack(app, 'Stateful', { stage })
new StatelessStack(app, 'Stateless', { stage, stateful, assets })
