import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** This package's own root. */
export const packageDir = join(import.meta.dirname, '..')

/** What `scripts/setup.mjs` makes: Python packages, and Spark's jars in `spark-jars/`. */
export const venvDir = join(packageDir, '.venv')

/** @throws where the project was not set up. */
export const venvPython = (): string => {
  const python = join(venvDir, 'bin', 'python')
  if (existsSync(python)) return python
  throw new Error(`There is no ${python}: run \`node scripts/setup.mjs\` in ${packageDir}.`)
}

/** The folder of an installed Python package; undefined where it isn't installed. */
export const pythonPackage = (name: string): string | undefined => {
  const lib = join(venvDir, 'lib')
  if (!existsSync(lib)) return undefined
  const folders = readdirSync(lib).map((python) => join(lib, python, 'site-packages', name))
  return folders.find((folder) => existsSync(folder))
}
