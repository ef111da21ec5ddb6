import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Running } from './running.ts'
import type { StageFile } from './stage-file.ts'

type Order = 'start-poller'
export type Orders = Record<Order, () => Promise<void>>

/** Takes orders on a free port of 127.0.0.1, from those who know the token. */
export const serveControl = async (token: string, orders: Orders): Promise<Running & { port: number }> => {
  const server = createServer(async (request, response) => {
    const [status, text] = await answer(request, token, orders)
    response.writeHead(status).end(text)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const answer = async (request: IncomingMessage, token: string, orders: Orders): Promise<[number, string]> => {
  if (request.headers.authorization !== `Bearer ${token}`) return [401, 'wrong token']
  const order = orders[request.url?.slice(1) as Order]
  if (order === undefined || request.method !== 'POST') return [404, `no such order: ${request.method} ${request.url}`]
  try {
    await order()
    return [200, 'done']
  } catch (error) {
    return [500, error instanceof Error ? error.message : String(error)]
  }
}

/**
 * Gives the running stage's supervisor an order and waits until it is carried out.
 * @throws with the supervisor's own reason.
 */
export const order = async (stage: StageFile, what: Order): Promise<void> => {
  const response = await fetch(`http://127.0.0.1:${stage.control.port}/${what}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stage.control.token}` },
  })
  if (!response.ok) throw new Error(`The stage's supervisor could not ${what}: ${await response.text()}`)
}
