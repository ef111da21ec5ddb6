import { MemoryArchive } from '../../../stores/archive/memory.ts'
import { archiveContract } from './contract.ts'

describe('the archive in memory', () => {
  archiveContract(async () => new MemoryArchive())
})
