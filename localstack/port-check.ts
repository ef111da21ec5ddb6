import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Whether a server could listen on this port of 127.0.0.1 now. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    )
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** @throws where another program holds the port; else it would be taken for the part that is to be started. */
export const assertFree = async (what: string, port: number): Promise<void> => {
  if (await isFree(port)) return
  throw new Error(
    `Port ${port}, which ${what} needs, is in use by another program. Stop that one, or choose other ports: TIDEMARK_PORT=5566 (and the four after it).`,
  )
}

/**
 * Below the ports that the operating system gives to outgoing connections (from 32768 on Linux, 49152 on macOS): a port
 * of those may be a connection's a moment after it was found free.
 */
const [firstServerPort, endOfServerPorts] = [10_000, 32_768]

/** The first of `count` ports in a row that a server could listen on, taken at random: others look for ports as well. */
export const anyFreePort = async (count = 1): Promise<number> => {
  const first = randomInt(firstServerPort, endOfServerPorts - count + 1)
  for (let port = first; port < first + count; port += 1) if (!(await isFree(port))) return anyFreePort(count)
  return first
}
