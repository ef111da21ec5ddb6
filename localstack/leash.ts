import { type ChildProcess, type SpawnOptions, type StdioOptions, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from './running.ts'

/**
 * Becomes the program, in a process group of its own, after leaving a watcher in that group. The watcher waits for the
 * end of the pipe on descriptor 3, whose other end only the process that started it holds: the kernel closes that one
 * even on kill -9. It then asks the program to end, and after ten seconds ends all of the group.
 */
const leash = `
(
  trap '' TERM INT QUIT HUP
  read -r _ <&3
  kill -TERM $$
  tries=0
  while kill -0 $$ && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL -$$
) >/dev/null 2>&1 </dev/null &
exec "$@" 3<&-
`

/** How long a program has to end by itself before its whole group is killed. */
const stopsWithinMs = 10_000

/**
 * Starts a program that can't outlive this process: it, and all that it starts in its process group, ends when this
 * process does, however this process ends. The child's pid is the program's own and its group's id.
 */
export const spawnLeashed = (command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess => {
  const [stdin = 'pipe', stdout = 'pipe', stderr = 'pipe'] = asList(options.stdio)
  const stdio: StdioOptions = [stdin, stdout, stderr, 'pipe']
  const child = spawn('/bin/sh', ['-c', leash, 'leash', command, ...args], { ...options, stdio, detached: true })
  child.once('exit', () => child.stdio[3]?.destroy())
  return child
}

const asList = (stdio: StdioOptions | undefined) => (Array.isArray(stdio) ? stdio : [stdio, stdio, stdio])

/** Ends a leashed program: TERM, ten seconds, then KILL for whatever of its group is left. */
export const stopLeashed = async (child: ChildProcess, withinMs = stopsWithinMs): Promise<void> => {
  if (child.pid === undefined) return
  if (!hasEnded(child)) {
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    await Promise.race([ended, sleep(withinMs, undefined, { ref: false })])
    killGroup(child.pid)
    await ended
  }
  killGroup(child.pid)
}

export const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

/** Resolves once a program has ended, with its exit code or the signal that ended it. */
export const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`))
    child.once('error', (error) => resolve(error.message))
  })

const killGroup = (groupId: number): void => {
  try {
    process.kill(-groupId, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Sends each line that the program writes to a log, and keeps the last ones for an error message. */
export const follow = (child: ChildProcess, log: Log): { lastLines: () => string } => {
  const lines: string[] = []
  const keep = (line: string) => {
    log(line)
    lines.push(line)
    if (lines.length > 10) lines.shift()
  }
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', keep)
  child.once('error', (error) => keep(error.message))
  return { lastLines: () => lines.join('\n') || '(it wrote nothing)' }
}

/**
 * Waits until `isReady` answers true.
 * @throws where the program ends before, or it takes longer than `withinMs`; the error holds its last lines.
 */
export const untilReady = async (
  what: string,
  child: ChildProcess,
  output: { lastLines: () => string },
  isReady: () => Promise<boolean>,
  withinMs = 30_000,
): Promise<void> => {
  const giveUpAt = performance.now() + withinMs
  while (!hasEnded(child) && performance.now() < giveUpAt) {
    if (await isReady()) return
    await sleep(50)
  }
  const how = hasEnded(child)
    ? `ended at its start (${child.exitCode ?? child.signalCode})`
    : `was not ready in ${withinMs} ms`
  await stopLeashed(child)
  throw new Error(`${what} ${how}:\n${output.lastLines()}`)
}
