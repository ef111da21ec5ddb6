import { run, SetupError } from './step.mjs'

const candidates = ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10']
const lowest = 10
const highest = 13

const versionOf = async (command) => {
  try {
    const text = await run(command, ['-c', 'import sys, venv, ensurepip; print("%d.%d.%d" % sys.version_info[:3])'])
    return text.trim()
  } catch (error) {
    if (error instanceof SetupError) return undefined
    throw error
  }
}

const suits = (version) => {
  const [major, minor] = version.split('.').map(Number)
  return major === 3 && minor >= lowest && minor <= highest
}

/**
 * The first Python on PATH that suits, with its version.
 * @throws SetupError where none does; it names those found.
 */
export const findPython = async () => {
  const found = []
  for (const command of candidates) {
    const version = await versionOf(command)
    if (version !== undefined && suits(version)) return { command, version }
    if (version !== undefined) found.push(`${command} is ${version}`)
  }
  throw new SetupError(
    `The laptop stage needs Python 3.${lowest} to 3.${highest} with venv on PATH (${found.join(', ') || 'none found'}). Install one (Debian: python3-venv; macOS: brew install python@3.12), or only build and test without it: node scripts/setup.mjs node.`,
  )
}
