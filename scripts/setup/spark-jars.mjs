import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSparkHome, sparkSubmit } from './spark.mjs'
import { hashOf, isStamped, SetupError, stamp, step, textOf, venvDir } from './step.mjs'

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

const resolve = async (sparkHome, workDir) => {
  const script = join(workDir, 'nothing.py')
  writeFileSync(script, '')
  const settings = { 'spark.master': 'local[1]', 'spark.jars.ivy': workDir }
  const options = ['--packages', packages.join(','), '--exclude-packages', excluded.join(',')]
  await sparkSubmit(script, { sparkHome, settings, options, cwd: workDir })
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
    const sparkHome = await findSparkHome()
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
