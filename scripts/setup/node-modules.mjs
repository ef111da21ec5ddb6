import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf, isStamped, projectDir, run, SetupError, stamp, step, textOf } from './step.mjs'

const lowestNode = [20, 11]

/** @throws SetupError where this Node is too old. */
export const checkNode = (version) => {
  const [major, minor] = version.split('.').map(Number)
  if (major > lowestNode[0] || (major === lowestNode[0] && minor >= lowestNode[1])) return
  throw new SetupError(
    `Node ${version} is too old: Tidemark needs ${lowestNode.join('.')} or newer. Install it from your package manager, nvm or fnm.`,
  )
}

const modulesDir = join(projectDir, 'node_modules')
const stampFile = join(modulesDir, '.tidemark-stamp')

/** Packages that npm notes for other platforms are in the lock and never in node_modules. */
const isInstalledAs = (installed, name, wanted) =>
  installed[name] === undefined ? wanted.optional === true : installed[name].version === wanted.version

/** Whether node_modules, whoever installed it, holds what the lock names: npm keeps its own note of that. */
const holdsLock = (lockText) => {
  const noteFile = join(modulesDir, '.package-lock.json')
  if (!existsSync(noteFile)) return false
  const installed = JSON.parse(textOf(noteFile)).packages
  const { '': _project, ...wanted } = JSON.parse(lockText).packages
  return Object.entries(wanted).every(([name, entry]) => isInstalledAs(installed, name, entry))
}

/** npm packages as package-lock.json names them. */
export const nodeModules = async () => {
  const lockText = textOf(join(projectDir, 'package-lock.json'))
  const hash = hashOf(lockText, process.versions.modules, process.platform, process.arch)
  if (isStamped(stampFile, hash)) return
  if (!holdsLock(lockText))
    await step('npm packages (npm ci)', () =>
      run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { env: cleanEnvironment() }),
    )
  stamp(stampFile, hash)
}

/** Inside an npm script npm passes its own settings on as npm_*; a fresh npm must read the project's instead. */
const cleanEnvironment = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(lifecycle|package|command|execpath)/.test(name)),
  )
