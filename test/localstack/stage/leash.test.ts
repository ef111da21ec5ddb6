import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { hasEnded, spawnLeashed, stopLeashed } from '../../../localstack/leash.ts'
import { lives } from './temporary-home.ts'

/** A program with a child of its own, both deaf to TERM; it says both ids. */
const deafFamily = `trap '' TERM; sh -c "trap '' TERM; while :; do sleep 0.1; done" & echo $$ $!; while :; do sleep 0.1; done`

const firstLine = async (stream: NodeJS.ReadableStream): Promise<string> => {
  const [line] = await once(createInterface({ input: stream }), 'line')
  return line
}

const untilGone = async (pids: number[], withinMs: number): Promise<number[]> => {
  const giveUpAt = Date.now() + withinMs
  while (pids.some(lives) && Date.now() < giveUpAt) await sleep(50)
  return pids.filter(lives)
}

const leashModule = pathToFileURL(require.resolve('../../../localstack/leash.ts')).href

/** Starts a process which itself starts the program on a leash, and hands its output on. */
const holderOf = (program: string) =>
  spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      `import { spawnLeashed } from '${leashModule}'
       spawnLeashed('/bin/sh', ['-c', ${JSON.stringify(program)}], { stdio: ['ignore', 'inherit', 'ignore'] })
       setInterval(() => {}, 1000)`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )

describe('leash', () => {
  it('ends a program and its children when the holder is killed with -9', async () => {
    const holder = holderOf(`sleep 1000 & echo $$ $!; wait`)
    const pids = (await firstLine(holder.stdout)).split(' ').map(Number)
    expect(pids.filter(lives)).toEqual(pids)
    holder.kill('SIGKILL')
    expect(await untilGone(pids, 5_000)).toEqual([])
  })

  it('ends even those deaf to TERM, ten seconds after the holder', async () => {
    const holder = holderOf(deafFamily)
    const pids = (await firstLine(holder.stdout)).split(' ').map(Number)
    holder.kill('SIGKILL')
    await sleep(2_000)
    expect(pids.filter(lives)).toEqual(pids)
    expect(await untilGone(pids, 15_000)).toEqual([])
  })

  it('stop asks first, then kills the whole group', async () => {
    const child = spawnLeashed('/bin/sh', ['-c', deafFamily])
    const pids = (await firstLine(child.stdout as NodeJS.ReadableStream)).split(' ').map(Number)
    expect(pids[0]).toBe(child.pid)
    await stopLeashed(child, 300)
    expect(child.signalCode).toBe('SIGKILL')
    expect(await untilGone(pids, 2_000)).toEqual([])
  })

  it('leaves nothing of a program that ended by itself', async () => {
    const child = spawnLeashed('/bin/sh', ['-c', 'sleep 1000 & echo $!; exit 3'])
    const orphan = Number(await firstLine(child.stdout as NodeJS.ReadableStream))
    if (!hasEnded(child)) await once(child, 'exit')
    expect(child.exitCode).toBe(3)
    expect(await untilGone([orphan], 5_000)).toEqual([])
  })
})
