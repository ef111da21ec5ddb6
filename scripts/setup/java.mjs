import { join } from 'node:path'
import { run, SetupError } from './step.mjs'

/** Spark 3.5 runs on Java 8, 11 and 17; EMR 7.x runs it on 17. */
export const javaMajor = 17

const saidBy = async (command) => {
  try {
    return await run(command, ['-version'])
  } catch (error) {
    if (error instanceof SetupError) return ''
    throw error
  }
}

const isJava17 = async (command) => new RegExp(`version "${javaMajor}[."]`).test(await saidBy(command))

/** What the Java in JAVA_HOME or on PATH says of itself; '' where there is none. */
export const javaSays = () => {
  const home = process.env.JAVA_HOME
  return saidBy(home === undefined ? 'java' : join(home, 'bin', 'java'))
}

/** Whether this machine brings its own Java 17, in JAVA_HOME or on PATH. */
export const hasJava = async () => {
  const home = process.env.JAVA_HOME
  return (home !== undefined && (await isJava17(join(home, 'bin', 'java')))) || (await isJava17('java'))
}
