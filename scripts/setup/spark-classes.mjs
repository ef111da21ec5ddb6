import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { javaSays } from './java.mjs'
import { findSparkHome, sparkSubmit } from './spark.mjs'
import { hashOf, isStamped, stamp, step, textOf, venvDir } from './step.mjs'

const trainingScript = join(import.meta.dirname, 'spark-classes.py')

/**
 * `.venv/spark-classes.jsa`: what Java makes of Spark's classes once they are loaded, so that a job need not load them from
 * their jars again (Java's class data sharing, JEP 350). It is of one Java and one class path, with the
 * compiler and collector of the stage's jobs (localstack/spark/submit.ts); another Java ignores it.
 */
export const sparkClasses = async () => {
  const archive = join(venvDir, 'spark-classes.jsa')
  const jarsDir = join(venvDir, 'spark-jars')
  const stampFile = join(venvDir, '.spark-classes-stamp')
  const texts = [trainingScript, import.meta.filename, join(jarsDir, '.tidemark-stamp')].map(textOf)
  const hash = hashOf(texts, await javaSays())
  if (isStamped(stampFile, hash)) return
  await step('Spark’s classes, loaded once for all jobs', async () => {
    const workDir = mkdtempSync(join(tmpdir(), 'tidemark-spark-'))
    // Half a file would end the Java that maps it: it gets its name once it is whole.
    const unfinished = join(venvDir, `spark-classes-${process.pid}.jsa`)
    const settings = {
      'spark.master': 'local[2]',
      'spark.ui.enabled': 'false',
      'spark.local.dir': workDir,
      'spark.driver.extraClassPath': join(jarsDir, '*'),
      'spark.driver.defaultJavaOptions': `"-XX:ArchiveClassesAtExit=${unfinished}" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC`,
    }
    try {
      await sparkSubmit(trainingScript, { sparkHome: await findSparkHome(), settings, cwd: workDir })
      if (existsSync(unfinished)) renameSync(unfinished, archive)
      else console.error('setup: this Java archives no classes: recomputes begin some seconds later, no more')
    } finally {
      rmSync(workDir, { recursive: true, force: true })
      rmSync(unfinished, { force: true })
    }
  })
  stamp(stampFile, hash)
}
