import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const projectDir = join(import.meta.dirname, '..', '..')
export const venvDir = join(projectDir, '.venv')
const isWindows = process.platform === 'win32'

/** A failure whose message is all that the user needs: what is missing, and the way out. */
export class SetupError extends Error {}

/** One hash of all that a part is made from: a part is redone when it changes. */
export const hashOf = (...inputs) => createHash('sha256').update(JSON.stringify(inputs)).digest('hex')

export const textOf = (path) => readFileSync(path, 'utf8')

/** Whether the part was finished with these very inputs. */
export const isStamped = (stampFile, hash) => existsSync(stampFile) && textOf(stampFile).trim() === hash

export const stamp = (stampFile, hash) => {
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, `${hash}\n`)
}

/** Says what is done before it is done, and how long it took after. */
export const step = async (title, work) => {
  const startedAt = performance.now()
  console.error(`setup: ${title} …`)
  const result = await work()
  console.error(`setup: ${title}: done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return result
}

/**
 * Runs a program to its end.
 * @returns what it wrote, stdout and stderr together.
 * @throws SetupError with the end of its output.
 */
export const run = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    const settings = { cwd: projectDir, maxBuffer: 64 * 1024 * 1024, shell: isWindows, ...options }
    execFile(command, args, settings, (error, stdout, stderr) => {
      if (error === null) return resolve(`${stdout}${stderr}`)
      const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n')
      return reject(
        new SetupError(`\`${[command, ...args].join(' ')}\` failed (${error.message.split('\n')[0]}):\n${output}`),
      )
    })
  })
