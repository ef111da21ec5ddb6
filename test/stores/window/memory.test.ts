import { MemoryWindowStore } from '../../../stores/window/memory.ts'
import type { WindowCommit } from '../../../stores/window/window.ts'
import { Fates, sentOver } from '../fates.ts'
import { windowStoreContract } from './contract.ts'
import { cutWindowsContract } from './cut-contract.ts'

class CutWindowStore extends MemoryWindowStore {
  readonly fates = new Fates()

  override commit(commit: WindowCommit): Promise<'committed' | 'conflict'> {
    return sentOver(this.fates, () => super.commit(commit))
  }
}

describe('the windows in memory', () => {
  windowStoreContract(
    async (now) => new MemoryWindowStore(now),
    async (store) => store.lose(),
  )
})

describe('the windows in memory, over connections that are cut', () => {
  cutWindowsContract(async () => {
    const store = new CutWindowStore(Date.now)
    return { store, fates: store.fates, another: async () => store }
  })
})
