import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const names = ['archive', 'speed-table', 'speed-window', 'batch', 'migrate', 'serving', 'limits']

/** A folder shaped as `npm run build` leaves it: synthesis reads no more of it than that. @param model what its `model.json` holds besides */
export const stubAssets = (model: { limits?: readonly object[] } = {}): { dir: string; remove: () => void } => {
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-assets-'))
  for (const name of names) {
    mkdirSync(join(dir, 'lambdas', name), { recursive: true })
    writeFileSync(join(dir, 'lambdas', name, 'index.js'), `exports.handler = async () => '${name}'`)
  }
  mkdirSync(join(dir, 'spark'))
  writeFileSync(join(dir, 'spark', 'recompute.py'), 'pass')
  writeFileSync(join(dir, 'spark', 'worker.tgz'), 'packed')
  writeFileSync(join(dir, 'model.json'), JSON.stringify({ version: '0123456789ab', events: [], metrics: [], ...model }))
  return { dir, remove: () => rmSync(dir, { recursive: true }) }
}
