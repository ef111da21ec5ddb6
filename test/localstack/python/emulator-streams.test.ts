import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { packageDir, python } from '../spark-job/spark-on-this-machine.ts'

it('the emulator finds places in its streams, and what has expired, as its own slower code does', () => {
  const printed = execFileSync(python, [join(__dirname, 'emulator_streams.py')], { cwd: packageDir, encoding: 'utf8' })
  expect(printed).toMatch(/^\d+ \d+\n$/)
})
