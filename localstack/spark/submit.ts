import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { javaHome } from './java.ts'

/** A local Spark's job. */
export interface SparkSubmission {
  /** The project's Python environment, with pyspark, and Spark's S3 jars in `spark-jars/`. */
  readonly venvDir: string
  /** `local[2]`, `local-cluster[2,1,1024]`, … */
  readonly master: string
  readonly s3EndpointUrl: string
  /** The job's working folder; it holds the archives' folders, and Spark's scratch files. */
  readonly workDir: string
  /** A local Python file. */
  readonly script: string
  readonly arguments: readonly string[]
  /** Local archives: each executor with a process of its own unpacks them in its own working folder. */
  readonly archives: readonly { readonly path: string; readonly folder: string }[]
  /** Win over the laptop stage's own. */
  readonly settings: ReadonlyMap<string, string>
  readonly driverEnvironment?: Readonly<Record<string, string>>
}

/** A process to start. */
export interface CommandLine {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

const region = 'us-east-1'
const accessKeyId = 'local'
const secretAccessKey = 'local'

/** @throws where pyspark is not installed in the environment */
const sparkHomeOf = (venvDir: string): string => {
  const lib = join(venvDir, 'lib')
  const homes = (existsSync(lib) ? readdirSync(lib) : []).map((python) => join(lib, python, 'site-packages', 'pyspark'))
  const home = homes.find((path) => existsSync(join(path, 'bin', 'spark-submit')))
  if (home === undefined) throw new Error(`There is no pyspark in ${venvDir}: run \`node scripts/setup.mjs\`.`)
  return home
}

/**
 * A Spark home of the job's own, made of links: a local cluster's worker keeps its executors' folders in `work` of its Spark
 * home, takes no other place, and never empties it.
 */
const ownSparkHome = (sparkHome: string, workDir: string): string => {
  const home = join(workDir, '.spark-home')
  mkdirSync(home, { recursive: true })
  for (const name of readdirSync(sparkHome))
    if (name !== 'work' && !existsSync(join(home, name))) symlinkSync(join(sparkHome, name), join(home, name))
  return home
}

/** S3A behind `s3://`, as EMR's own file system is there; the emulator wants path-style addresses and checks no credentials. */
const s3Settings = (endpoint: string, workDir: string): Record<string, string> => ({
  'spark.hadoop.fs.s3.impl': 'org.apache.hadoop.fs.s3a.S3AFileSystem',
  'spark.hadoop.fs.AbstractFileSystem.s3.impl': 'org.apache.hadoop.fs.s3a.S3A',
  'spark.hadoop.fs.s3a.endpoint': endpoint,
  'spark.hadoop.fs.s3a.endpoint.region': region,
  'spark.hadoop.fs.s3a.path.style.access': 'true',
  'spark.hadoop.fs.s3a.connection.ssl.enabled': String(endpoint.startsWith('https:')),
  'spark.hadoop.fs.s3a.aws.credentials.provider': 'org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider',
  'spark.hadoop.fs.s3a.access.key': accessKeyId,
  'spark.hadoop.fs.s3a.secret.key': secretAccessKey,
  'spark.hadoop.fs.s3a.fast.upload': 'true',
  'spark.hadoop.fs.s3a.buffer.dir': join(workDir, '.s3a'),
})

/** How the driver's Java is started, before what a job adds itself. */
export const javaSettings = ({
  venvDir,
  master,
}: Pick<SparkSubmission, 'venvDir' | 'master'>): Record<string, string> => {
  const options = [
    // Without it a driver whose memory has run out may hang until its time limit.
    '-XX:+ExitOnOutOfMemoryError',
    // A laptop's job is over before Java's slower compiler has paid, and shares two cores with all else.
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
  ]
  const classes = join(venvDir, 'spark-classes.jsa')
  // Of the class path that one process has.
  if (isOneProcess(master) && existsSync(classes)) options.push(`"-XX:SharedArchiveFile=${classes}"`)
  return {
    'spark.driver.defaultJavaOptions': options.join(' '),
    'spark.driver.extraClassPath': join(venvDir, 'spark-jars', '*'),
  }
}

const isOneProcess = (master: string): boolean => master.startsWith('local[')

const stageSettings = (submission: SparkSubmission): Record<string, string> => ({
  ...s3Settings(submission.s3EndpointUrl, submission.workDir),
  'spark.driver.memory': '2g',
  ...javaSettings(submission),
  'spark.driver.bindAddress': '127.0.0.1',
  'spark.driver.host': '127.0.0.1',
  'spark.executor.extraClassPath': join(submission.venvDir, 'spark-jars', '*'),
  'spark.local.dir': join(submission.workDir, '.spark'),
  'spark.ui.enabled': 'false',
})

/** What of this process's environment a job sees: nothing of a real account, nor of another Spark. */
const inherited = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TMPDIR', 'LD_LIBRARY_PATH']

const environmentFor = (submission: SparkSubmission, sparkHome: string): NodeJS.ProcessEnv => {
  const python = join(submission.venvDir, 'bin', 'python')
  return {
    ...Object.fromEntries(inherited.map((name) => [name, process.env[name]])),
    JAVA_HOME: javaHome(python),
    SPARK_HOME: sparkHome,
    SPARK_LOCAL_IP: '127.0.0.1',
    PYSPARK_PYTHON: python,
    PYSPARK_DRIVER_PYTHON: python,
    // As on EMR.
    TZ: 'UTC',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: submission.s3EndpointUrl,
    ...submission.driverEnvironment,
  }
}

/**
 * How to start a job: spark-submit with what the laptop stage adds.
 * @throws where there is no pyspark, or no Java 17
 */
export const sparkCommand = (submission: SparkSubmission): CommandLine => {
  const { master, workDir } = submission
  const packaged = sparkHomeOf(submission.venvDir)
  const sparkHome = isOneProcess(master) ? packaged : ownSparkHome(packaged, workDir)
  const settings = new Map([...Object.entries(stageSettings(submission)), ...submission.settings])
  const archives = submission.archives.map(({ path, folder }) => `${path}#${folder}`)
  // In one process there is only the driver, whose working folder holds them already.
  if (archives.length > 0 && !isOneProcess(master)) settings.set('spark.archives', archives.join(','))
  const confs = [...settings].flatMap(([name, value]) => ['--conf', `${name}=${value}`])
  return {
    command: join(sparkHome, 'bin', 'spark-submit'),
    args: ['--master', master, ...confs, submission.script, ...submission.arguments],
    env: environmentFor(submission, sparkHome),
    cwd: workDir,
  }
}
