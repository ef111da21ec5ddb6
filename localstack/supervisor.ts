/**
 * The daemon that holds the laptop stage: starts its parts, keeps them on a leash, and stops them on SIGTERM or SIGINT.
 * `tidemark local up` starts it, with TIDEMARK_HOME and TIDEMARK_PORT in its environment; its output is its log.
 * Where TIDEMARK_OWNER_PID names a process, the stage is that process's alone: it stops once the process is gone.
 */
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { serveControl } from './control.ts'
import { openLog } from './part-logs.ts'
import { partsOf, pollerPart } from './parts.ts'
import { portsFrom } from './ports.ts'
import { startOf } from './process-identity.ts'
import { RunningParts } from './running-parts.ts'
import { removeStageFile, writeStageFile } from './stage-file.ts'
import { urlsOf } from './urls.ts'

const home = resolve(process.env.TIDEMARK_HOME ?? '.tidemark')
const ports = portsFrom(process.env.TIDEMARK_PORT)
const log = (line: string) => console.log(`${new Date().toISOString()} ${line}`)
const parts = new RunningParts((name) => openLog(home, name), log)

const startPollerOnce = async (): Promise<void> => {
  if (!parts.has('poller')) await parts.start(pollerPart())
}

let stopping: Promise<number> | undefined
const stop = (reason: string, exitCode: number): void => {
  log(stopping === undefined ? `stopping: ${reason}` : `while stopping: ${reason}`)
  stopping ??= parts.stop()
  stopping
    .then((failures) => {
      removeStageFile(home)
      process.exit(failures > 0 ? 1 : exitCode)
    })
    .catch((error) => {
      log(`could not stop cleanly: ${describe(error)}`)
      process.exit(1)
    })
}

const describe = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))
process.on('SIGTERM', () => stop('SIGTERM', 0))
process.on('SIGINT', () => stop('SIGINT', 0))
process.on('SIGHUP', () => log('SIGHUP: the terminal is gone; going on'))
process.on('uncaughtException', (error) => stop(describe(error), 1))
process.on('unhandledRejection', (error) => stop(describe(error), 1))

const ownerPid = Number(process.env.TIDEMARK_OWNER_PID ?? 0)
const ownerStart = ownerPid > 0 ? startOf(ownerPid) : undefined
const ownerLookMs = 1000

/** A test or a demo that was killed can't stop its stage. */
const endWithOwner = (): void => {
  if (ownerPid === 0) return
  setInterval(() => {
    if (ownerStart === undefined || startOf(ownerPid) !== ownerStart) stop(`its owner, ${ownerPid}, is gone`, 0)
  }, ownerLookMs).unref()
}

const main = async (): Promise<void> => {
  endWithOwner()
  for (const part of partsOf(home, ports)) await parts.start(part)
  const token = randomUUID()
  const control = await serveControl(token, { 'start-poller': startPollerOnce })
  writeStageFile(home, {
    pid: process.pid,
    processStart: startOf(process.pid) ?? '',
    startedAt: new Date().toISOString(),
    ports,
    urls: urlsOf(ports),
    control: { port: control.port, token },
  })
  log('the stage runs')
}

main().catch((error) => {
  console.error(`failed: ${error instanceof Error ? error.message : error}`)
  stop('a part did not start', 1)
})
