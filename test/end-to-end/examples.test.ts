import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const projectDir = join(import.meta.dirname, '..', '..')
const example = (...args: string[]) => {
  const { TIDEMARK_HOME: _, TIDEMARK_PORT: __, TIDEMARK_OWNER_PID: ___, ...env } = process.env
  return spawnSync(process.execPath, ['--import', 'tsx', 'scripts/example/main.ts', ...args], {
    cwd: projectDir,
    encoding: 'utf8',
    env,
  })
}

/** As a user runs them: each on a laptop stage of its own, held to its own count. */
describe('npm run example', () => {
  it('guest-context: every answer is equal', () => {
    const { status, stdout, stderr } = example('guest-context')
    expect({ status, failed: status === 0 ? '' : `${stdout}${stderr}`.slice(-3000) }).toEqual({ status: 0, failed: '' })
    expect(stdout.match(/ true$/gm)).toHaveLength(6)
  })

  it('fraud: every answer is equal', () => {
    const { status, stdout, stderr } = example('fraud')
    expect({ status, failed: status === 0 ? '' : `${stdout}${stderr}`.slice(-3000) }).toEqual({ status: 0, failed: '' })
    expect(stdout.match(/ true$/gm)).toHaveLength(9)
  })

  it('metering: every limit is told once', () => {
    const { status, stdout, stderr } = example('metering')
    expect({ status, failed: status === 0 ? '' : `${stdout}${stderr}`.slice(-3000) }).toEqual({ status: 0, failed: '' })
    expect(stdout.match(/ true$/gm)).toHaveLength(7)
  })

  it('trips: every answer is equal', () => {
    const { status, stdout, stderr } = example('trips')
    expect({ status, failed: status === 0 ? '' : `${stdout}${stderr}`.slice(-3000) }).toEqual({ status: 0, failed: '' })
    expect(stdout.match(/ true$/gm)).toHaveLength(9)
  })

  it('names the examples that there are', () => {
    const { status, stderr } = example('none')
    expect(status).toBe(2)
    expect(stderr).toContain('There is no example none. There are fraud, game, guest-context, metering, trips')
  })
})
