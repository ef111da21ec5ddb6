import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'iovalkey'
import { anyFreePort } from '../../../localstack/port-check.ts'
import { startValkey } from '../../../localstack/valkey.ts'

/** A Valkey of the test's own, as the laptop stage runs it. */
export interface ValkeyServer {
  readonly endpoint: string
  readonly port: number
  /** A plain connection, for looking at keys and for emptying. */
  readonly admin: Redis
  stop(): Promise<void>
}

export const startValkeyServer = async (): Promise<ValkeyServer> => {
  const port = await anyFreePort()
  const stateDir = mkdtempSync(join(tmpdir(), 'tidemark-valkey-'))
  const lines: string[] = []
  const server = await startValkey({ port, stateDir, log: (line) => lines.push(line) })
  const admin = new Redis(port, '127.0.0.1')
  return {
    endpoint: `127.0.0.1:${port}`,
    port,
    admin,
    async stop() {
      admin.disconnect()
      await server.stop()
      rmSync(stateDir, { recursive: true })
    },
  }
}
