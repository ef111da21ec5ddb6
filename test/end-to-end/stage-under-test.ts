import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, connect } from '../../cli/connection.ts'
import { anyFreePort } from '../../localstack/port-check.ts'
import { portsNeeded } from '../../localstack/ports.ts'
import { reset } from '../../localstack/stage.ts'

const projectDir = join(import.meta.dirname, '..', '..')

export interface Ran {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A laptop stage of a test's own: its own folder and ports, driven by the command line as a user would. */
export class StageUnderTest {
  readonly home: string
  readonly port: number

  /** On free ports. */
  static async create(): Promise<StageUnderTest> {
    return new StageUnderTest(await anyFreePort(portsNeeded))
  }

  constructor(port: number) {
    // Below the project, as a user's stage is: what a package.json up there says must not reach the functions.
    const parent = join(projectDir, '.tidemark')
    mkdirSync(parent, { recursive: true })
    this.home = mkdtempSync(join(parent, 'end-to-end-'))
    this.port = port
    Object.assign(process.env, {
      TIDEMARK_HOME: this.home,
      TIDEMARK_PORT: String(port),
      // Killed tests leave no stage behind.
      TIDEMARK_OWNER_PID: String(process.pid),
    })
  }

  /** Runs one command of `tidemark`, whatever its exit code. */
  run(args: readonly string[], input?: string): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(projectDir, 'bin/tidemark.mjs'), ...args], {
        env: process.env,
        cwd: projectDir,
      })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (data: Buffer) => {
        stdout += data.toString()
      })
      child.stderr.on('data', (data: Buffer) => {
        stderr += data.toString()
      })
      child.on('error', reject)
      child.on('close', (exitCode) => resolve({ exitCode: exitCode ?? -1, stdout, stderr }))
      child.stdin.end(input)
    })
  }

  /** Runs a command that must succeed, and answers what it printed. */
  async tidemark(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(args)
    if (exitCode !== 0) throw new Error(`tidemark ${args.join(' ')} ended with ${exitCode}:\n${stdout}\n${stderr}`)
    return stdout
  }

  connect(): Promise<Connection> {
    return connect('local', process.env, projectDir)
  }

  /** Stops it, and deletes what it held. */
  async end(): Promise<void> {
    await this.stop()
    // What lies outside its folder too: the warehouse's data may have had to move.
    await reset(this.home)
    rmSync(this.home, { recursive: true, force: true })
  }

  /** Stops it; its folder stays. */
  async stop(): Promise<void> {
    await this.run(['local', 'down'])
  }
}
