import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle } from './bundle.ts'
import { modelBeside } from './lambdas.ts'
import { type ArchiveEntry, writeTarGz } from './tar.ts'

interface SparkOptions {
  readonly packageDir: string
  readonly outDir: string
  readonly nodeBinary: string
}

/** Writes `spark/`: the job's Python, and the archive that gives each executor a `node` and the model. */
export const buildSpark = async ({ packageDir, outDir, nodeBinary }: SparkOptions): Promise<'packed' | 'unchanged'> => {
  const sparkDir = join(outDir, 'spark')
  await mkdir(sparkDir, { recursive: true })
  for (const file of await readdir(join(packageDir, 'spark')))
    if (file.endsWith('.py')) await copyFile(join(packageDir, 'spark', file), join(sparkDir, file))
  await bundle(packageDir, {
    entryPoints: [{ in: 'spark/worker.ts', out: 'worker' }],
    outdir: sparkDir,
    outExtension: { '.js': '.cjs' },
    plugins: [modelBeside],
  })
  return pack(join(sparkDir, 'worker.tgz'), [
    { name: 'node', file: nodeBinary, mode: 0o755 },
    { name: 'worker.cjs', file: join(sparkDir, 'worker.cjs'), mode: 0o644 },
    { name: 'model.cjs', file: join(outDir, 'model.cjs'), mode: 0o644 },
  ])
}

/** Compressing 100 MB of `node` takes seconds, so a stamp beside the archive tells whether it would come out the same. */
const pack = async (archive: string, entries: readonly ArchiveEntry[]): Promise<'packed' | 'unchanged'> => {
  const stampFile = `${archive}.stamp`
  const stamp = await stampOf(entries)
  if (existsSync(archive) && existsSync(stampFile) && (await readFile(stampFile, 'utf8')) === stamp) return 'unchanged'
  await rm(stampFile, { force: true })
  await writeTarGz(archive, entries)
  await writeFile(stampFile, stamp)
  return 'packed'
}

const stampOf = async (entries: readonly ArchiveEntry[]): Promise<string> => {
  const lines: string[] = []
  for (const { name, file, mode } of entries) {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk)
    lines.push(`${hash.digest('hex')} ${mode.toString(8)} ${name}\n`)
  }
  return lines.join('')
}
