import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Log, Running } from '../running.ts'
import { Connections } from './connections.ts'
import { ObjectStore } from './copy/object-store.ts'
import { ServiceFault } from './faults.ts'
import { LOCAL_LIMITS } from './limits.ts'
import { type Answer, operations } from './operations.ts'
import { StatementRegistry } from './registry.ts'
import { Runner } from './runner.ts'

export interface WarehouseEndpointOptions {
  /** 0 takes a free one. */
  port: number
  connectionString: string
  /** Where COPY reads `s3://` from. */
  s3EndpointUrl: string
  log: Log
  now?: () => number
}

const TARGET = 'RedshiftData.'

/**
 * Speaks the Redshift Data API (JSON 1.1) on 127.0.0.1, on a PostgreSQL. Resolves once it listens; statements are kept in memory and are
 * forgotten when it stops, which also ends those that run.
 */
export async function startWarehouseEndpoint(options: WarehouseEndpointOptions): Promise<Running & { url: string }> {
  const { log, now = Date.now } = options
  const registry = new StatementRegistry(now)
  const connections = new Connections(options.connectionString, log)
  const objects = new ObjectStore(options.s3EndpointUrl)
  const runner = new Runner({ connections, objects, log, now })
  const stopping = new AbortController()
  const table = operations(registry, runner, log)

  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    answer(request, (name, body) => operation(table, name)(body, AbortSignal.any([gone.signal, stopping.signal])))
      .catch((error: unknown) => faultAnswer(error, log))
      .then((reply) => send(response, reply))
      .catch((error: Error) => log(`An answer could not be sent: ${error.message}`))
  })
  // Longer than any client keeps an idle connection, so that none is reset under a request.
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      stopping.abort()
      const active = registry.newestFirst().filter(({ isActive }) => isActive)
      for (const end of await Promise.allSettled(active.map((statement) => runner.cancel(statement))))
        if (end.status === 'rejected') log(`A statement could not be cancelled: ${end.reason}`)
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      await connections.end()
      objects.close()
    },
  }
}

interface Reply {
  status: number
  errorType?: string
  body: Buffer
}

function operation(table: ReturnType<typeof operations>, name: string) {
  const found = table.get(name)
  if (!found)
    throw new ServiceFault('UnknownOperationException', `${name} is not emulated by the local warehouse.`, 404)
  return found
}

async function answer(request: IncomingMessage, run: (name: string, body: unknown) => Promise<Answer>): Promise<Reply> {
  const text = await readBody(request)
  const target = String(request.headers['x-amz-target'] ?? '')
  if (request.method !== 'POST' || !target.startsWith(TARGET)) {
    throw new ServiceFault(
      'UnknownOperationException',
      `Expected a POST with X-Amz-Target ${TARGET}*, not ${request.method} ${target}.`,
      404,
    )
  }
  const result = await run(target.slice(TARGET.length), parseJson(text))
  return { status: 200, body: Buffer.isBuffer(result) ? result : Buffer.from(JSON.stringify(result)) }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > LOCAL_LIMITS.requestBytes)
      throw new ServiceFault(
        'RequestEntityTooLargeException',
        `The request is larger than ${LOCAL_LIMITS.requestBytes} bytes.`,
        413,
      )
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text || '{}')
  } catch (error) {
    throw new ServiceFault('SerializationException', `The request is not JSON: ${(error as Error).message}`)
  }
}

function faultAnswer(error: unknown, log: Log): Reply {
  let fault: ServiceFault
  if (error instanceof ServiceFault) fault = error
  else {
    log(`InternalServerException: ${error instanceof Error ? error.stack : String(error)}`)
    fault = new ServiceFault('InternalServerException', error instanceof Error ? error.message : String(error), 500)
  }
  const body = { __type: fault.name, Message: fault.message, ...fault.fields }
  return { status: fault.httpStatus, errorType: fault.name, body: Buffer.from(JSON.stringify(body)) }
}

function send(response: ServerResponse, { status, errorType, body }: Reply): void {
  if (response.destroyed) return
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': body.length,
    'x-amzn-requestid': randomUUID(),
    ...(errorType === undefined ? {} : { 'x-amzn-errortype': errorType }),
  })
  response.end(body)
}
