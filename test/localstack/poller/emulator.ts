import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateStreamCommand, KinesisClient, ListShardsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  CreateFunctionCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { startEmulator as startPart } from '../../../localstack/emulator.ts'
import { venvPython } from '../../../localstack/venv.ts'

const region = 'us-east-1'
const account = '000000000000'

/** The real emulator in its own process, with an empty state. */
export interface Emulator {
  readonly endpointUrl: string
  readonly region: string
  readonly folder: string
  readonly kinesis: KinesisClient
  readonly lambda: LambdaClient
  stop(): Promise<void>
}

/** Polls until `condition` holds. @throws naming what did not come true within `ms` */
export const eventually = async (what: string, condition: () => boolean | Promise<boolean>, ms = 20_000) => {
  const until = Date.now() + ms
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`Not within ${ms} ms: ${what}`)
    await sleep(50)
  }
}

export const startEmulator = async (port: number): Promise<Emulator> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-poller-'))
  const emulator = await startPart({ port, stateDir: join(folder, 'emulator'), log: () => undefined })
  const endpointUrl = `http://127.0.0.1:${port}`
  const options = {
    ...{ endpoint: endpointUrl, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
    requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true }) }),
  }
  const kinesis = new KinesisClient(options)
  const lambda = new LambdaClient(options)
  const stop = async () => {
    kinesis.destroy()
    lambda.destroy()
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { endpointUrl, region, folder, kinesis, lambda, stop }
}

/** What a test's function saw: one entry an invocation. */
export interface Seen {
  readonly shardId: string
  readonly sequenceNumbers: readonly string[]
  readonly texts: readonly string[]
  readonly bytes: number
}

/**
 * Makes a stream, a function and a disabled mapping between them. `body` is the function's code: it may use `event`, `texts` (the
 * records' data), `folder` (the emulator's), `count` (how many invocations came before) and `fs`; what it was called with is appended to a file before it runs.
 */
export const deploy = async (
  emulator: Emulator,
  name: string,
  shards: number,
  body: string,
  settings: Partial<CreateEventSourceMappingCommandInput> = {},
) => {
  await emulator.kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }))
  const folder = join(emulator.folder, name)
  mkdirSync(folder)
  const seenPath = join(folder, 'seen.ndjson')
  writeFileSync(seenPath, '')
  writeFileSync(
    join(folder, 'index.js'),
    `const fs = require('fs')
const folder = ${JSON.stringify(emulator.folder)}
exports.handler = async (event) => {
  const shardId = event.Records[0].eventID.split(':')[0]
  const texts = event.Records.map((record) => Buffer.from(record.kinesis.data, 'base64').toString('utf8'))
  const sequenceNumbers = event.Records.map((record) => record.kinesis.sequenceNumber)
  const count = fs.readFileSync(${JSON.stringify(seenPath)}, 'utf8').split('\\n').length - 1
  const bytes = Buffer.byteLength(JSON.stringify(event))
  fs.appendFileSync(${JSON.stringify(seenPath)}, JSON.stringify({ shardId, sequenceNumbers, texts, bytes }) + '\\n')
  console.log('invoked')
  ${body}
}
`,
  )
  execFileSync(venvPython(), ['-m', 'zipfile', '-c', 'code.zip', 'index.js'], { cwd: folder })
  const FunctionName = `tidemark-test-${name}`
  await emulator.lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Timeout: 60,
      Role: `arn:aws:iam::${account}:role/${name}`,
      Code: { ZipFile: readFileSync(join(folder, 'code.zip')) },
    }),
  )
  const mapping = await emulator.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName,
      EventSourceArn: `arn:aws:kinesis:${region}:${account}:stream/${name}`,
      ...{ Enabled: false, StartingPosition: 'TRIM_HORIZON', BatchSize: 10_000 },
      ...{ FunctionResponseTypes: ['ReportBatchItemFailures'], ...settings },
    }),
  )
  // The function may be in the middle of its last line, which is of megabytes.
  const seen = (): Seen[] =>
    readFileSync(seenPath, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  return { uuid: mapping.UUID ?? '', seen, texts: () => seen().flatMap((entry) => entry.texts) }
}

/** Puts texts on a stream, each with its own partition key, and says which shard got which, in order. */
export const put = async (emulator: Emulator, StreamName: string, texts: readonly string[]) => {
  const byShard = new Map<string, string[]>()
  for (let from = 0; from < texts.length; from += 500) {
    const slice = texts.slice(from, from + 500)
    const Records = slice.map((text) => ({ Data: Buffer.from(text), PartitionKey: text.slice(0, 200) }))
    const answer = await emulator.kinesis.send(new PutRecordsCommand({ StreamName, Records }))
    for (const [index, { ShardId }] of (answer.Records ?? []).entries()) {
      if (!ShardId) throw new Error(`Record ${from + index} was not accepted`)
      const shard = byShard.get(ShardId) ?? []
      shard.push(slice[index] ?? '')
      byShard.set(ShardId, shard)
    }
  }
  return byShard
}

/** The stream's listed shards' ids. */
export const shardIds = async (emulator: Emulator, StreamName: string): Promise<string[]> =>
  ((await emulator.kinesis.send(new ListShardsCommand({ StreamName }))).Shards ?? []).map(
    ({ ShardId }) => ShardId ?? '',
  )
