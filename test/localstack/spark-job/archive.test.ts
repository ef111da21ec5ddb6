import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeTarGz } from '../../../scripts/build/tar.ts'
import { buildWorker, packageDir, python, runToEnd, sparkEnvironment, sparkSubmit } from './spark-on-this-machine.ts'

/** Makes an archive of 500 records and a specification of all of them; prints the specification's URI. */
const prepare = `
import json, sys
from archive import Archive
archive = Archive(sys.argv[1], json.load(open(sys.argv[2])), seed=9)
archive.put_random(500)
archive.archive()
print(archive.specify("ds", archive.marks()))
`

describe('recompute.py submitted to executors of their own', () => {
  let dir: string
  let running: ChildProcess | undefined
  const onStart = (child: ChildProcess): void => {
    running = child
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-spark-archive-'))
  })

  afterAll(async () => {
    running?.kill()
    await rm(dir, { recursive: true, force: true })
  })

  it('finds its worker in the archive that Spark ships', async () => {
    const workerDir = await buildWorker(join(dir, 'built'))
    const archive = join(dir, 'worker.tar.gz')
    await writeTarGz(archive, [
      { name: 'node', file: process.execPath, mode: 0o755 },
      { name: 'worker.cjs', file: join(workerDir, 'worker.cjs'), mode: 0o644 },
      { name: 'model.cjs', file: join(workerDir, 'model.cjs'), mode: 0o644 },
    ])
    await writeFile(join(dir, 'prepare.py'), prepare)
    const options = { env: sparkEnvironment(), cwd: dir }
    const args = [join(dir, 'prepare.py'), join(dir, 'data'), join(dir, 'built', 'model.json')]
    const prepared = await runToEnd(python, args, options, onStart)
    expect(prepared).toMatchObject({ code: 0 })

    const submitted = [
      ...['--master', 'local-cluster[2,1,1024]', '--driver-memory', '1g', '--conf', 'spark.ui.enabled=false'],
      ...['--conf', 'spark.executor.memory=1g', '--archives', `${archive}#worker`],
      ...[join(packageDir, 'spark', 'recompute.py'), prepared.stdout.trim()],
    ]
    const ended = await runToEnd(sparkSubmit(), submitted, options, onStart)
    expect(ended.code === 0 ? '' : ended.stderr.slice(-3000)).toBe('')
    const manifest = JSON.parse(await readFile(join(dir, 'data', 'manifests', 'ds.json'), 'utf8'))
    expect(JSON.parse(ended.stdout)).toEqual({ datasetId: 'ds', counts: manifest.counts })
    expect(manifest.counts.read).toBeGreaterThanOrEqual(500)
  })
})
