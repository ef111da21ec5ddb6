import { join } from 'node:path'
import { startEmulator } from './emulator.ts'
import { spawnLeashed } from './leash.ts'
import { startPartProcess } from './part-process.ts'
import type { Ports } from './ports.ts'
import type { Log, Running } from './running.ts'
import { urlsOf } from './urls.ts'
import { startValkey } from './valkey.ts'
import { startWarehouseEndpoint } from './warehouse/endpoint.ts'
import { startPostgres } from './warehouse/postgres.ts'

/** One process or server of the stage: its name is its log's. */
export interface Part {
  readonly name: string
  readonly start: (log: Log) => Promise<Running>
  /** Why it is not started again where it ends by itself. */
  readonly cannotComeBack?: string
}

/** All that the stage consists of, in the order of starting, but for the poller, which needs deployed functions. */
export const partsOf = (home: string, ports: Ports): readonly Part[] => {
  const urls = urlsOf(ports)
  return [
    {
      name: 'postgres',
      start: (log) =>
        startPostgres({
          port: ports.postgres,
          dataDir: join(home, 'postgres'),
          log,
          spawnChild: (command, args, options) => spawnLeashed(command, args, options),
        }),
    },
    {
      name: 'warehouse',
      start: (log) =>
        startWarehouseEndpoint({
          port: ports.warehouse,
          connectionString: urls.postgres,
          s3EndpointUrl: urls.emulator,
          log,
        }),
    },
    {
      name: 'valkey',
      start: (log) => startValkey({ port: ports.valkey, stateDir: join(home, 'valkey'), log }),
    },
    {
      name: 'emulator',
      cannotComeBack:
        'its streams and stacks were in its memory, so what the other parts hold no longer fits. Start anew: `tidemark local down`, `tidemark local reset`, `tidemark local up`',
      start: (log) =>
        startEmulator({
          port: ports.emulator,
          stateDir: join(home, 'emulator'),
          log,
          environment: {
            AWS_ENDPOINT_URL_REDSHIFT_DATA: urls.warehouse,
            AWS_ENDPOINT_URL_EMR_SERVERLESS: urls.spark,
          },
        }),
    },
    ownProgram('spark'),
  ]
}

/** Feeds the deployed functions from the stream. */
export const pollerPart = (): Part => ownProgram('poller')

const ownProgram = (name: string): Part => ({ name, start: (log) => startPartProcess(name, log) })
