import { MemoryWindowStore } from '../../../stores/window/memory.ts'
import { windowStoreContract } from './contract.ts'

describe('the windows in memory', () => {
  windowStoreContract(
    async (now) => new MemoryWindowStore(now),
    async (store) => store.lose(),
  )
})
