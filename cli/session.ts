import type { Command } from 'commander'
import { type Connection, connect } from './connection.ts'
import type { Environment } from './environment.ts'
import { usageError } from './exit.ts'
import { type Answer, type Format, formats, render } from './output.ts'
import { type Progress, progressOn } from './progress.ts'

/** What a command works with: everything of the process that it may touch. */
export interface Session {
  readonly stage: string
  readonly format: Format
  readonly env: Environment
  readonly cwd: string
  readonly progress: Progress
  now(): number
  /** Writes the command's answer to stdout. */
  answer(answer: Answer): void
  connect(): Promise<Connection>
  /** Asks on the terminal; `--yes` answers for it. @throws a usage error where there is nobody to ask */
  confirm(question: string, yes: boolean | undefined): Promise<boolean>
}

interface GlobalOptions {
  readonly stage: string
  readonly output: string
  readonly json?: true
}

export const addGlobalOptions = (program: Command): Command =>
  program
    .option('--stage <name>', 'the stage meant', 'local')
    .option('-o, --output <format>', 'table, json or csv', 'table')
    .option('--json', 'the same as -o json')

export const sessionOf = (command: Command): Session => {
  const options = command.optsWithGlobals<GlobalOptions>()
  const env: Environment = process.env
  const cwd = process.cwd()
  return {
    stage: options.stage,
    format: options.json ? 'json' : formatOf(options.output),
    env,
    cwd,
    progress: progressOn(process.stderr),
    now: Date.now,
    answer(answer) {
      this.progress.done()
      process.stdout.write(render(answer, this.format))
    },
    connect: () => connect(options.stage, env, cwd),
    confirm: async (question, yes) => yes === true || ask(question),
  }
}

const formatOf = (text: string): Format => {
  const format = formats.find((each) => each === text)
  if (format === undefined) throw usageError(`-o ${text}: the formats are ${formats.join(', ')}.`)
  return format
}

const ask = async (question: string): Promise<boolean> => {
  if (!process.stdin.isTTY) throw usageError(`${question} Nobody is there to answer: say --yes.`)
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}
