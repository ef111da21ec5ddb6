import { join } from 'node:path'
import { endOf, follow, spawnLeashed, stopLeashed, untilReady } from './leash.ts'
import type { Log, Running } from './running.ts'
import { packageDir } from './venv.ts'

/** What a part's program writes, alone in a line, once it is at work. */
export const readyLine = 'this part runs'

/** The poller may wait 30 s for functions that run. */
const stopsWithinMs = 40_000

/**
 * Runs one of our own programs (`part-program.ts NAME`) as a part: in a process of its own, so that its end is not the
 * supervisor's. Its environment is this process's.
 * @throws with the program's last lines where it does not start.
 */
export const startPartProcess = async (name: string, log: Log): Promise<Running & { pid: number }> => {
  const program = join(packageDir, 'localstack', 'part-program.ts')
  const child = spawnLeashed(process.execPath, ['--import', 'tsx', program, name], {
    cwd: packageDir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let isReady = false
  const output = follow(child, (line) => {
    if (line === readyLine) isReady = true
    else log(line)
  })
  const ended = endOf(child)
  await untilReady(`The ${name}`, child, output, async () => isReady)
  return { pid: child.pid as number, ended, stop: () => stopLeashed(child, stopsWithinMs) }
}
