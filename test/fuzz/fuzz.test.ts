import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rejectionReasons } from '../../core/record.ts'
import { fuzzModel } from './definitions.ts'
import { fuzz } from './fuzz.ts'

/** The short form of `npm run fuzz`. */
describe('decoding', () => {
  it('takes or rejects whatever comes, alike in speed and batch', async () => {
    const scratchDir = mkdtempSync(join(tmpdir(), 'tidemark-fuzz-'))
    try {
      const { records, verdicts } = fuzz({ model: await fuzzModel(), inputs: 20_000, seed: 1, scratchDir })
      expect(records).toBeGreaterThan(20_000)
      // Inputs that all met one end would show little.
      expect(Object.keys(verdicts).sort()).toEqual(['taken', ...rejectionReasons].sort())
      expect(verdicts.taken).toBeGreaterThan(records / 4)
    } finally {
      rmSync(scratchDir, { recursive: true })
    }
  })
})
