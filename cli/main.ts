import { exitCodes, exitOf } from './exit.ts'
import { createProgram } from './program.ts'

const usageCodes = ['commander.helpDisplayed', 'commander.help', 'commander.version']

const main = async (): Promise<void> => {
  const program = createProgram()
  try {
    await program.parseAsync(process.argv)
  } catch (error) {
    process.exitCode = endOf(error)
  }
}

/** Commander throws for its own ends too: after help it is done, and for anything else the usage was wrong. */
const endOf = (error: unknown): number => {
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string' && code.startsWith('commander.'))
    return usageCodes.includes(code) ? exitCodes.done : exitCodes.usage
  const { exitCode, message } = exitOf(error)
  process.stderr.write(`tidemark: ${message}\n`)
  if (process.env.TIDEMARK_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return exitCode
}

/** The reader of a pipe (`head`, say) may have had enough: that is its right, and no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done)
  throw error
})

await main()
