import { MemoryWindowStore } from '../../../stores/window/memory.ts'
import { windowStoreContract } from './contract.ts'

describe('the windows in memory', () => {
  windowStoreContract(async () => new MemoryWindowStore(Date.now))
})
