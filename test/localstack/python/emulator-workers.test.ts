import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { packageDir, python } from '../spark-job/spark-on-this-machine.ts'

const program = join(__dirname, 'emulator_workers.py')

it('an invocation ends on the code it began on, and a process with the last of them', () => {
  const printed = execFileSync(python, [program], { cwd: packageDir, encoding: 'utf8', stdio: 'pipe' })
  expect(printed).toBe('ended on the code they began on\n')
})

it("the emulator's own code cuts it off", () => {
  const { status, stderr } = spawnSync(python, [program, '--own'], { cwd: packageDir, encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stderr).toContain('Worker process died')
})
