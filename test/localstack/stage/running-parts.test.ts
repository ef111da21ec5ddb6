import { setTimeout as sleep } from 'node:timers/promises'
import type { Part } from '../../../localstack/parts.ts'
import { anyFreePort } from '../../../localstack/port-check.ts'
import type { Running } from '../../../localstack/running.ts'
import { RunningParts } from '../../../localstack/running-parts.ts'
import { startValkey } from '../../../localstack/valkey.ts'
import { silent, temporaryHome } from './temporary-home.ts'

const home = temporaryHome()
const pauses = { firstMs: 5, longestMs: 20 }

/** A part whose process can be ended from outside, and whose next starts can be made to fail. */
class Killable {
  starts = 0
  stops = 0
  failing = 0
  end: (how: string) => void = silent
  readonly part: Part

  constructor(name: string, cannotComeBack?: string) {
    this.part = { name, start: () => this.#start(), ...(cannotComeBack === undefined ? {} : { cannotComeBack }) }
  }

  async #start(): Promise<Running> {
    this.starts += 1
    if (this.failing-- > 0) throw new Error('not yet')
    const ended = new Promise<string>((resolve) => {
      this.end = resolve
    })
    const stop = async () => {
      this.stops += 1
      this.end('exit 0')
    }
    return { stop, ended }
  }
}

const until = async (isSo: () => boolean): Promise<void> => {
  const giveUpAt = performance.now() + 20_000
  while (!isSo()) {
    if (performance.now() > giveUpAt) throw new Error(`It did not come to be: ${isSo}`)
    await sleep(5)
  }
}

describe('the parts that run', () => {
  const lines: string[] = []
  const log = (line: string) => void lines.push(line)
  beforeEach(() => lines.splice(0))

  it('starts a part again that ended by itself, however often that fails', async () => {
    const parts = new RunningParts(() => silent, log, pauses)
    const poller = new Killable('poller')
    await parts.start(poller.part)
    poller.failing = 3
    poller.end('SIGKILL')
    await until(() => poller.starts === 5)
    poller.end('exit 1')
    await until(() => poller.starts === 6)
    expect(lines).toContain('poller ended by itself (SIGKILL)')
    expect(lines.filter((line) => line === 'could not start poller again: not yet')).toHaveLength(3)
    expect(parts.has('poller')).toBe(true)
    expect(await parts.stop()).toBe(0)
    expect([poller.starts, poller.stops]).toEqual([6, 1])
  })

  it('starts nothing again once it stops', async () => {
    const parts = new RunningParts(() => silent, log, { firstMs: 60_000, longestMs: 60_000 })
    const [first, second] = [new Killable('first'), new Killable('second')]
    await parts.start(first.part)
    await parts.start(second.part)
    first.end('SIGKILL')
    await until(() => lines.includes('first ended by itself (SIGKILL)'))
    expect(await parts.stop()).toBe(0)
    expect([first.starts, first.stops, second.starts, second.stops]).toEqual([1, 0, 1, 1])
  })

  it('leaves down what has lost its state, and says why', async () => {
    const parts = new RunningParts(() => silent, log, pauses)
    const emulator = new Killable('emulator', 'its streams were in its memory')
    await parts.start(emulator.part)
    emulator.end('SIGKILL')
    await until(() => lines.includes('emulator ended by itself (SIGKILL): its streams were in its memory'))
    await sleep(50)
    expect(emulator.starts).toBe(1)
    expect(await parts.stop()).toBe(0)
  })

  it('notices the end of a real process', async () => {
    const pids: number[] = []
    const part: Part = {
      name: 'valkey',
      start: async () => {
        const running = await startValkey({ port: await anyFreePort(), stateDir: `${home}/valkey`, log: silent })
        pids.push(running.pid)
        return running
      },
    }
    const parts = new RunningParts(() => silent, log, pauses)
    await parts.start(part)
    process.kill(pids[0] ?? 0, 'SIGKILL')
    await until(() => pids.length === 2)
    expect(await parts.stop()).toBe(0)
    expect(lines).toContain('valkey ended by itself (SIGKILL)')
  })
})
