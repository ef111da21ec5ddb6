import { createServer, type IncomingMessage, request as requestOf, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type Fate, Fates } from '../stores/fates.ts'

/** As any request's, or cut halfway, or the service is busy. */
export type HttpFate = Fate | 'cut halfway' | 'busy'

/** Whether a request meets what it is told to; all else goes through. */
type IsMet = (request: IncomingMessage, body: Buffer) => boolean

/** A way to an endpoint on which some requests meet what they are told to. */
export class FaultyConnection {
  readonly #server = createServer((request, response) => this.#meet(request, response))
  readonly #port: number
  readonly #isMet: IsMet
  readonly fates = new Fates<HttpFate>()

  private constructor(port: number, isMet: IsMet) {
    this.#port = port
    this.#isMet = isMet
  }

  static async to(port: number, isMet: IsMet): Promise<FaultyConnection> {
    const made = new FaultyConnection(port, isMet)
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve))
    return made
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  async #meet(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray())
    const fate = this.#isMet(request, body) ? this.fates.next() : 'through'
    if (fate === 'busy') {
      response.writeHead(503, { 'content-type': 'application/xml' })
      response.end('<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>')
    } else if (fate === 'cut halfway') await this.#half(request, body)
    else if (fate !== 'cut before') {
      const answer = await this.#forward(request, body)
      if (fate === 'through') {
        response.writeHead(answer.status, answer.headers)
        response.end(answer.body)
      }
    }
    if (fate !== 'busy' && fate !== 'through') request.socket.destroy()
  }

  /** @returns the answer, once it is there as a whole */
  #forward({ method, url, headers }: IncomingMessage, body: Buffer) {
    return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
      const forwarded = requestOf({ port: this.#port, host: '127.0.0.1', method, path: url, headers }, (answer) => {
        answer
          .toArray()
          .then(
            (chunks) =>
              resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
            reject,
          )
      })
      forwarded.on('error', reject)
      forwarded.end(body)
    })
  }

  /** The head and half of the body, and no more of it. */
  #half({ method, url, rawHeaders }: IncomingMessage, body: Buffer): Promise<void> {
    const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []))
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1', () => {
        socket.write(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
        socket.write(body.subarray(0, body.length / 2), () => socket.destroy())
      })
      // Cut all the same, by the other end.
      socket.on('error', () => resolve())
      socket.on('close', () => resolve())
    })
  }
}
