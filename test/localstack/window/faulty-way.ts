import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Fates } from '../../stores/fates.ts'
import { startValkeyServer, type ValkeyServer } from './valkey-server.ts'

/**
 * A way to a Valkey on which scripts meet what they are told to; all else goes through. The cluster announces it for its
 * own, so that a client comes by it, whatever it learns of the nodes.
 */
class FaultyWay {
  readonly fates = new Fates()
  readonly #server = createServer((client) => this.#carry(client))
  readonly #sockets = new Set<Socket>()
  readonly #valkey: ValkeyServer

  private constructor(valkey: ValkeyServer) {
    this.#valkey = valkey
  }

  static async to(valkey: ValkeyServer): Promise<FaultyWay> {
    const made = new FaultyWay(valkey)
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve))
    await valkey.admin.config('SET', 'cluster-announce-port', made.#ownPort)
    return made
  }

  get #ownPort(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#ownPort}`
  }

  async stop(): Promise<void> {
    await this.#valkey.admin.config('SET', 'cluster-announce-port', this.#valkey.port)
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #carry(client: Socket): void {
    const server = connect(this.#valkey.port, '127.0.0.1')
    const ends = [client, server]
    const cut = (): void => {
      for (const end of ends) end.destroy()
    }
    for (const end of ends) {
      this.#sockets.add(end)
      // Either end may be cut by the other.
      end.on('error', cut)
      end.on('close', () => {
        this.#sockets.delete(end)
        cut()
      })
    }
    server.on('data', (answer) => client.write(answer))
    let rest: Buffer = Buffer.alloc(0)
    let before = Promise.resolve()
    client.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes])
      for (let command = firstCommand(rest); command !== null; command = firstCommand(rest)) {
        const { parts, length } = command
        const sent = rest.subarray(0, length)
        rest = rest.subarray(length)
        before = before.then(async () => {
          if (!client.destroyed && (await this.#comesThrough(parts))) server.write(sent)
          else cut()
        }, cut)
      }
    })
  }

  async #comesThrough([name, ...args]: readonly Buffer[]): Promise<boolean> {
    if (name?.toString().toLowerCase() !== 'eval') return true
    const fate = this.fates.next()
    // By another connection: once it has answered, the script took effect.
    if (fate === 'answer lost') await this.#valkey.admin.callBuffer('EVAL', ...args)
    return fate === 'through'
  }
}

/** A Valkey and the faulty way to it, for as long as the tests around it run. */
export const overFaultyWay = (): { readonly server: ValkeyServer; readonly way: FaultyWay } => {
  const running = {} as { server: ValkeyServer; way: FaultyWay }
  beforeAll(async () => {
    running.server = await startValkeyServer()
    running.way = await FaultyWay.to(running.server)
  })
  afterAll(async () => {
    await running.way.stop()
    await running.server.stop()
  })
  return running
}

/** The command that the bytes begin with, as clients send them: an array of texts. null: not all of it is there. */
const firstCommand = (bytes: Buffer): { parts: Buffer[]; length: number } | null => {
  let at = 0
  const size = (mark: string): number | null => {
    const end = bytes.indexOf('\r\n', at)
    if (end === -1) return null
    const line = bytes.toString('latin1', at, end)
    if (!line.startsWith(mark)) throw new Error(`A command goes on with ${JSON.stringify(line)}.`)
    at = end + 2
    return Number(line.slice(1))
  }
  const count = size('*')
  if (count === null) return null
  const parts: Buffer[] = []
  while (parts.length < count) {
    const length = size('$')
    if (length === null || bytes.length < at + length + 2) return null
    parts.push(bytes.subarray(at, at + length))
    at += length + 2
  }
  return { parts, length: at }
}
