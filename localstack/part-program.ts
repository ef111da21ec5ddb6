/**
 * A part of the laptop stage that is our own code and runs as a process of its own: `part-program.ts poller|spark`, with
 * TIDEMARK_HOME and TIDEMARK_PORT in its environment. The supervisor starts it; its output is its log.
 */
import { join, resolve } from 'node:path'
import { readyLine } from './part-process.ts'
import { portsFrom } from './ports.ts'
import type { Running } from './running.ts'
import { localRegion, urlsOf } from './urls.ts'
import { venvDir } from './venv.ts'

const home = resolve(process.env.TIDEMARK_HOME ?? '.tidemark')
const ports = portsFrom(process.env.TIDEMARK_PORT)
const urls = urlsOf(ports)
const log = (line: string) => console.log(line)

const programs: Readonly<Record<string, () => Promise<Running>>> = {
  poller: async () => {
    const { startPoller } = await import('./poller/poller.ts')
    return startPoller({ endpointUrl: urls.emulator, region: localRegion, stateDir: home, log })
  },
  spark: async () => {
    const { startSparkEndpoint } = await import('./spark/endpoint.ts')
    const stateDir = join(home, 'spark')
    return startSparkEndpoint({ port: ports.spark, s3EndpointUrl: urls.emulator, stateDir, venvDir, log })
  },
}

const main = async (): Promise<void> => {
  const name = process.argv[2] ?? ''
  const start = programs[name]
  if (start === undefined) throw new Error(`There is no part ${name}: ${Object.keys(programs).join(', ')}.`)
  const running = await start()
  let stopping: Promise<void> | undefined
  const stop = (): void => {
    stopping ??= running.stop()
    stopping.then(() => process.exit(0)).catch(fail)
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop)
  console.log(readyLine)
}

const fail = (error: unknown): never => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

main().catch(fail)
