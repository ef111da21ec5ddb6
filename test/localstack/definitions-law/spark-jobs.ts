import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { MemoryArchive } from '../../../stores/archive/memory.ts'
import type { JobState } from '../../../stores/jobs/jobs.ts'
import { packageDir, python, runToEnd, sessionEnvironment } from '../spark-job/spark-on-this-machine.ts'
import { NaiveJobs } from '../tidemark/naive-job.ts'

interface SparkJobsOptions {
  readonly archive: MemoryArchive
  /** Stands for the bucket while a job runs. */
  readonly dir: string
  readonly workerDir: string
  /** The job; left out: the product's. */
  readonly script?: string
  readonly onStart: (child: ChildProcess) => void
}

/** The batch engine as it is: recompute.py on Spark, on the archive's objects in a folder. A job has ended once it is begun. */
export class SparkJobs extends NaiveJobs {
  readonly #options: SparkJobsOptions
  readonly #states = new Map<string, JobState>()

  constructor(options: SparkJobsOptions) {
    super(options.archive, () => {
      throw new Error('Spark has a model of its own.')
    })
    this.#options = options
  }

  override async start(datasetId: string, specificationUri: string, attempt: string): Promise<string> {
    const runId = `${datasetId}-${attempt}`
    if (!this.#states.has(runId)) this.#states.set(runId, await this.#submit(specificationUri))
    return runId
  }

  override async state(runId: string): Promise<JobState> {
    return this.#states.get(runId) ?? { ended: false }
  }

  async #submit(specificationUri: string): Promise<JobState> {
    const { archive, dir, workerDir, onStart, script = join(packageDir, 'spark', 'recompute.py') } = this.#options
    const key = specificationUri.replace(/^s3:\/\/[^/]+\//, '')
    const before = new Set<string>()
    for await (const { key: object } of archive.listKeys('')) {
      before.add(object)
      const file = join(dir, object)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, (await archive.getObject(object)) ?? '')
    }
    const specification = { ...((await archive.getJson(key)) as object), bucket: `file://${dir}` }
    writeFileSync(join(dir, key), JSON.stringify(specification))
    const args = [script, `file://${join(dir, key)}`, '--worker-dir', workerDir]
    const { code, stderr } = await runToEnd(python, args, { env: sessionEnvironment(), cwd: dir }, onStart)
    if (code !== 0) return { ended: true, succeeded: false, detail: `FAILED: ${stderr.slice(-3000)}` }
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      const object = relative(dir, file)
      if (entry.isFile() && !before.has(object)) await archive.putObject(object, readFileSync(file))
    }
    return { ended: true, succeeded: true, detail: 'SUCCESS' }
  }
}
