import type { Command } from 'commander'
import { homeOf, localStage, portsOf } from '../environment.ts'
import { exitCodes, messageOf } from '../exit.ts'
import { type Session, sessionOf } from '../session.ts'

export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly found: string
  /** What to do about it; empty where it is well. */
  readonly wayOut: string
}

export const addDoctor = (program: Command): void => {
  program
    .command('doctor')
    .description('what is missing on this machine, or on a stack; exit 3 where something is')
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command)
      const findings = session.stage === localStage ? await machineFindings(session) : await stackFindings(session)
      session.answer({
        json: { healthy: findings.every((each) => each.ok), findings },
        tables: [
          {
            columns: ['check', 'ok', 'found', 'way out'],
            rows: findings.map((each) => [each.name, each.ok, each.found, each.wayOut]),
          },
        ],
      })
      if (findings.some((each) => !each.ok)) process.exitCode = exitCodes.no
    })
}

const machineFindings = async (session: Session): Promise<Finding[]> => {
  const { diagnose } = await import('../../localstack/doctor.ts')
  const home = homeOf(session.env, session.cwd)
  return diagnose({ home, ports: portsOf(session.env, home) })
}

/** A deployed stage: its stack is there, its API answers, its batch function runs. */
const stackFindings = async (session: Session): Promise<Finding[]> => {
  const connecting = check(
    'stack',
    () => session.connect(),
    ({ outputs }) => `definitions ${outputs.modelVersion}`,
  )
  const [stack, connection] = await connecting
  if (connection === null) return [stack]
  const [api] = await check(
    'API',
    () => connection.api.get('/v1/status'),
    () => connection.api.url,
  )
  const [batch] = await check(
    'batch function',
    () => connection.batch({ step: 'datasets' }),
    () => connection.outputs.batchFunctionName,
  )
  return [stack, api, batch]
}

const check = async <T>(
  name: string,
  ask: () => Promise<T>,
  describe: (answer: T) => string,
): Promise<[Finding, T | null]> => {
  try {
    const answer = await ask()
    return [{ name, ok: true, found: describe(answer), wayOut: '' }, answer]
  } catch (error) {
    return [{ name, ok: false, found: messageOf(error), wayOut: 'as it says' }, null]
  }
}
