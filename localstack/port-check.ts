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

/** A free port; the operating system gives a used one again only after all others. */
export const anyFreePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
