import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lastLines, logFile } from './part-logs.ts'
import type { Ports } from './ports.ts'
import { startOf } from './process-identity.ts'
import { removeStageFile, runningStage, type StageFile } from './stage-file.ts'
import { localEnvironment } from './urls.ts'
import { packageDir } from './venv.ts'

const startsWithinMs = 90_000
/** The poller may wait 30 s for functions that run, the emulator 30 s for its state to be on disk. */
const stopsWithinMs = 90_000

/**
 * Starts the supervisor as a process of its own, which outlives this one, and waits until all its parts run.
 * @throws with the supervisor's reason where one of them does not.
 */
export const startSupervisor = async (home: string, ports: Ports): Promise<StageFile> => {
  const output = openSync(logFile(home, 'supervisor'), 'w')
  const child = spawn(process.execPath, ['--import', 'tsx', join(packageDir, 'localstack', 'supervisor.ts')], {
    cwd: packageDir,
    env: { ...localEnvironment(ports), TIDEMARK_HOME: home },
    detached: true,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  child.unref()
  const giveUpAt = performance.now() + startsWithinMs
  while (child.exitCode === null && child.signalCode === null && performance.now() < giveUpAt) {
    const stage = runningStage(home)
    if (stage !== undefined) return stage
    await sleep(50)
  }
  child.kill('SIGTERM')
  throw new Error(
    `The stage did not start. Its supervisor's last lines:\n${lastLines(home, 'supervisor', 12).join('\n')}`,
  )
}

/** Asks the supervisor to stop and waits until it is gone. */
export const stopSupervisor = async (home: string, stage: StageFile): Promise<void> => {
  process.kill(stage.pid, 'SIGTERM')
  const giveUpAt = performance.now() + stopsWithinMs
  while (startOf(stage.pid) === stage.processStart) {
    if (performance.now() > giveUpAt)
      throw new Error(
        `The stage's supervisor (pid ${stage.pid}) still stops after ${stopsWithinMs} ms. End it, and with it all its parts: kill -9 ${stage.pid}`,
      )
    await sleep(50)
  }
  removeStageFile(home)
}
