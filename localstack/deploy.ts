import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import type { Ports } from './ports.ts'
import type { Log } from './running.ts'
import { localAccount, localEnvironment, localRegion, urlsOf } from './urls.ts'
import { packageDir } from './venv.ts'

export interface DeployOptions {
  readonly ports: Ports
  /** What `build` wrote. */
  readonly assetsDir: string
  /** Where the cloud assembly goes. */
  readonly assemblyDir: string
  /** Gets every line that the CDK writes. */
  readonly log: Log
}

/** Prepares the emulator's account for the CDK, where that was not done before. True where it had to. */
export const bootstrapOnce = async (options: DeployOptions): Promise<boolean> => {
  if (await isBootstrapped(options.ports)) return false
  // Not in the project's folder: its cdk.json would have the app synthesized first, for nothing.
  await cdk(options, ['bootstrap', `aws://${localAccount}/${localRegion}`], dirname(options.assemblyDir))
  return true
}

/** Deploys all stacks of the local stage, as a user would. */
export const deployStacks = async (options: DeployOptions): Promise<void> => {
  const context = ['--context', 'stage=local', '--context', `assets=${options.assetsDir}`]
  const speed = ['--method', 'direct', '--require-approval', 'never', '--progress', 'events']
  await cdk(options, ['deploy', '--all', ...context, ...speed, '--output', options.assemblyDir])
}

const isBootstrapped = async (ports: Ports): Promise<boolean> => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new CloudFormationClient({ endpoint: urlsOf(ports).emulator, region: localRegion, credentials })
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: 'CDKToolkit' }))
    return /_COMPLETE$/.test(Stacks?.[0]?.StackStatus ?? '')
  } catch (error) {
    // CloudFormation answers ValidationError for a stack that does not exist (API reference, DescribeStacks).
    if (error instanceof Error && error.name === 'ValidationError') return false
    throw error
  } finally {
    client.destroy()
  }
}

const cdkCommand = () =>
  join(createRequire(join(packageDir, 'package.json')).resolve('aws-cdk/package.json'), '..', 'bin', 'cdk')

const cdk = ({ ports, log }: DeployOptions, args: string[], cwd = packageDir): Promise<void> =>
  new Promise((resolve, reject) => {
    const lines: string[] = []
    const child = spawn(process.execPath, [cdkCommand(), ...args, '--no-notices', '--no-color'], {
      cwd,
      env: { ...localEnvironment(ports), CI: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const keep = (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        log(line)
        lines.push(line)
      }
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) return resolve()
      const end = lines.slice(-15).join('\n')
      return reject(
        new Error(`\`cdk ${args[0]}\` failed (${code}). Its last lines (all: \`tidemark local logs deploy\`):\n${end}`),
      )
    })
  })
