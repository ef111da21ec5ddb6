import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BatchExecuteStatementCommand,
  type BatchExecuteStatementCommandInput,
  DescribeStatementCommand,
  type DescribeStatementCommandOutput,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  type Field,
  GetStatementResultCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data'
import { anyFreePort } from '../../../localstack/port-check.ts'
import { startWarehouseEndpoint } from '../../../localstack/warehouse/endpoint.ts'
import { type RunningPostgres, startPostgres } from '../../../localstack/warehouse/postgres.ts'
import { type SmallObjectStore, startSmallObjectStore } from './small-object-store.ts'

type Executed = Omit<ExecuteStatementCommandInput, 'Sql' | 'Database' | 'WorkgroupName'>
type Batch = Omit<BatchExecuteStatementCommandInput, 'Sqls' | 'Database' | 'WorkgroupName'>

const TARGET = { Database: 'tidemark', WorkgroupName: 'tidemark-test' }

/** A PostgreSQL, the endpoint on it and a small S3, in folders and on ports of their own, with an official client. */
export class LocalWarehouse {
  readonly client: RedshiftDataClient
  /** The endpoint's. */
  readonly url: string
  readonly store: SmallObjectStore
  readonly dataDir: string
  readonly port: number
  readonly log: string[]
  /** What `now` answers, ahead of the real clock. */
  readonly clock: { aheadMs: number }
  postgres: RunningPostgres
  readonly #stopEndpoint: () => Promise<void>

  private constructor(
    parts: Pick<LocalWarehouse, 'store' | 'dataDir' | 'port' | 'log' | 'clock' | 'postgres'>,
    url: string,
    stop: () => Promise<void>,
  ) {
    this.store = parts.store
    this.dataDir = parts.dataDir
    this.port = parts.port
    this.log = parts.log
    this.clock = parts.clock
    this.postgres = parts.postgres
    this.#stopEndpoint = stop
    this.url = url
    this.client = this.clientAt(url)
  }

  /** @param url the endpoint's, or a way to it */
  clientAt(url: string): RedshiftDataClient {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    return new RedshiftDataClient({ endpoint: url, region: 'us-east-1', credentials })
  }

  static async start(): Promise<LocalWarehouse> {
    const log: string[] = []
    const dataDir = mkdtempSync(join(tmpdir(), 'warehouse-test-'))
    const clock = { aheadMs: 0 }
    const port = await anyFreePort()
    const store = await startSmallObjectStore()
    const postgres = await startPostgres({ port, dataDir, log: (line) => log.push(line) })
    const endpoint = await startWarehouseEndpoint({
      port: 0,
      connectionString: postgres.connectionString,
      s3EndpointUrl: store.url,
      log: (line) => log.push(line),
      now: () => Date.now() + clock.aheadMs,
    })
    return new LocalWarehouse({ store, dataDir, port, log, clock, postgres }, endpoint.url, endpoint.stop)
  }

  async stop(): Promise<void> {
    this.client.destroy()
    await this.#stopEndpoint()
    await this.postgres.stop()
    await this.store.stop()
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  /** Starts one statement and answers its id. */
  async start(sql: string, rest: Executed = {}): Promise<string> {
    const { Id = '' } = await this.client.send(new ExecuteStatementCommand({ ...TARGET, Sql: sql, ...rest }))
    return Id
  }

  async startBatch(sqls: string[], rest: Batch = {}): Promise<string> {
    const { Id = '' } = await this.client.send(new BatchExecuteStatementCommand({ ...TARGET, Sqls: sqls, ...rest }))
    return Id
  }

  describe(id: string, waitSeconds = 30): Promise<DescribeStatementCommandOutput> {
    return this.client.send(new DescribeStatementCommand({ Id: id, WaitTimeSeconds: waitSeconds }))
  }

  async run(sql: string, rest: Executed = {}): Promise<DescribeStatementCommandOutput> {
    return this.describe(await this.start(sql, rest))
  }

  async batch(sqls: string[], rest: Batch = {}): Promise<DescribeStatementCommandOutput> {
    return this.describe(await this.startBatch(sqls, rest))
  }

  /** The rows of a query, each value as it came, null for NULL. Fails where the statement did. */
  async rows(sql: string, parameters: Record<string, string> = {}): Promise<unknown[][]> {
    const list = Object.entries(parameters).map(([name, value]) => ({ name, value }))
    const ended = await this.run(sql, list.length > 0 ? { Parameters: list } : {})
    if (ended.Status !== 'FINISHED') throw new Error(ended.Error)
    const rows: unknown[][] = []
    let token: string | undefined
    do {
      const page = await this.client.send(
        new GetStatementResultCommand({ Id: ended.Id, ...(token ? { NextToken: token } : {}) }),
      )
      rows.push(...(page.Records ?? []).map((record) => record.map(plainValue)))
      token = page.NextToken
    } while (token)
    return rows
  }

  /** Runs what prepares a test; fails where a statement did. */
  async prepare(...sqls: string[]): Promise<void> {
    for (const sql of sqls) {
      const { Status, Error: reason } = await this.run(sql)
      if (Status !== 'FINISHED') throw new Error(`${reason} in ${sql}`)
    }
  }

  put(key: string, body: string | Buffer): void {
    this.store.objects.set(`lake/${key}`, Buffer.from(body))
  }
}

function plainValue(field: Field): unknown {
  return field.isNull
    ? null
    : (field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue ?? field.blobValue)
}
