import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { logFile } from '../../../localstack/part-logs.ts'
import { anyFreePort, assertFree } from '../../../localstack/port-check.ts'
import { type Ports, portsFrom, portsNeeded } from '../../../localstack/ports.ts'
import { startOf } from '../../../localstack/process-identity.ts'
import { logs, reset, state, up } from '../../../localstack/stage.ts'
import { runningStage, type StageFile, writeStageFile } from '../../../localstack/stage-file.ts'
import { urlsOf } from '../../../localstack/urls.ts'
import { silent, temporaryHome } from './temporary-home.ts'

let ports: Ports
beforeAll(async () => {
  ports = portsFrom(String(await anyFreePort(portsNeeded)))
})

const stageOf = (pid: number, processStart: string): StageFile => ({
  pid,
  processStart,
  startedAt: '2026-01-01T00:00:00.000Z',
  ports,
  urls: urlsOf(ports),
  control: { port: 1, token: 'x' },
})

describe('stage.json', () => {
  const home = temporaryHome()

  it('names the running supervisor', () => {
    const stage = stageOf(process.pid, startOf(process.pid) ?? '')
    writeStageFile(home, stage)
    expect(runningStage(home)).toEqual(stage)
  })

  it('is cleaned where its process is gone', async () => {
    const child = spawn('sleep', ['1000'])
    const start = startOf(child.pid ?? 0) ?? ''
    writeStageFile(home, stageOf(child.pid ?? 0, start))
    expect(runningStage(home)?.pid).toBe(child.pid)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    expect(runningStage(home)).toBeUndefined()
    expect(existsSync(join(home, 'stage.json'))).toBe(false)
  })

  it('is cleaned where another process has the id now', () => {
    writeStageFile(home, stageOf(process.pid, 'an earlier start'))
    expect(runningStage(home)).toBeUndefined()
  })
})

describe('anyFreePort', () => {
  it('gives so many free ports in a row, none that an outgoing connection may take', async () => {
    for (let pick = 0; pick < 20; pick += 1) {
      const first = await anyFreePort(5)
      expect(first).toBeGreaterThanOrEqual(10_000)
      expect(first + 4).toBeLessThan(32_768)
      for (let port = first; port < first + 5; port += 1) await assertFree('a test', port)
    }
  })
})

describe('stage', () => {
  const home = temporaryHome()

  it('refuses a taken port, names it, and starts nothing', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(ports.spark, '127.0.0.1', resolve))
    await expect(assertFree('Spark', ports.spark)).rejects.toThrow(`Port ${ports.spark}`)
    const definitionsDir = join(process.cwd(), 'definitions')
    const refusal = up({ definitionsDir, home, ports, report: silent })
    await expect(refusal).rejects.toThrow(
      new RegExp(`Port ${ports.spark}, which the laptop stage \\(spark\\) needs, is in use.*TIDEMARK_PORT`),
    )
    expect(await state(home)).toEqual({ running: false, parts: [] })
    server.close()
  })

  it('does not delete the state of a running stage', async () => {
    writeStageFile(home, stageOf(process.pid, startOf(process.pid) ?? ''))
    await expect(reset(home)).rejects.toThrow('nothing was deleted')
    expect(existsSync(join(home, 'stage.json'))).toBe(true)
  })

  it('deletes only what is its own', async () => {
    writeStageFile(home, stageOf(process.pid, 'an earlier start'))
    writeFileSync(join(home, 'mine.txt'), 'kept')
    writeFileSync(logFile(home, 'emulator'), 'one\ntwo\n')
    expect(logs(home, 'emulator', 1)).toEqual([{ part: 'emulator', lines: ['two'] }])
    expect(() => logs(home, 'nothing')).toThrow('There is no log of "nothing"')
    await reset(home)
    expect(existsSync(join(home, 'mine.txt'))).toBe(true)
    expect(existsSync(join(home, 'logs'))).toBe(false)
  })
})
