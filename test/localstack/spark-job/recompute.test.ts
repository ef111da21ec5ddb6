import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWorker, type Ended, python, runToEnd, sessionEnvironment } from './spark-on-this-machine.ts'

const casesFile = join(__dirname, 'cases.py')
const names = [...readFileSync(casesFile, 'utf8').matchAll(/^@case\("(.+)"\)$/gm)].map(([, name]) => String(name))

/** Spark takes seconds to start, so all cases share one session; each is a test of its own here. */
describe('recompute.py', () => {
  let dir: string
  let ended: Ended
  let spark: ChildProcess | undefined
  const problems = new Map<string, string | null>()

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-spark-job-'))
    const workerDir = await buildWorker(dir)
    await mkdir(join(dir, 'work'))
    const args = [casesFile, join(dir, 'model.json'), workerDir, join(dir, 'work')]
    ended = await runToEnd(python, args, { env: sessionEnvironment(), cwd: dir }, (child) => {
      spark = child
    })
    for (const line of ended.stdout.split('\n').filter((text) => text.startsWith('{'))) {
      const { name, problem } = JSON.parse(line)
      problems.set(name, problem)
    }
  })

  afterAll(async () => {
    spark?.kill()
    await rm(dir, { recursive: true, force: true })
  })

  it('runs to its end', () => {
    expect(ended.code === 0 ? '' : ended.stderr.slice(-3000)).toBe('')
    expect([...problems.keys()]).toEqual(names)
  })

  it.each(names)('%s', (name) => {
    expect(problems.get(name)).toBeNull()
  })
})
