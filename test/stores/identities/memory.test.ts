import type { Claim } from '../../../stores/identities/identities.ts'
import { MemoryIdentities } from '../../../stores/identities/memory.ts'
import { Fates, sentOver } from '../fates.ts'
import { claim, identitiesContract, windowMs } from './contract.ts'
import { cutIdentitiesContract } from './cut-contract.ts'

class CutIdentities extends MemoryIdentities {
  readonly fates = new Fates()

  override claim(shardId: string, ancestors: readonly string[], claims: readonly Claim[]): Promise<boolean[]> {
    return sentOver(this.fates, () => super.claim(shardId, ancestors, claims))
  }
}

describe('identities in memory', () => {
  identitiesContract(
    async () => new MemoryIdentities(windowMs, Date.now),
    async (identities) => identities.lose(),
  )

  it('are forgotten an hour and the window after anybody asked about their span', async () => {
    let now = 0
    const identities = new MemoryIdentities(windowMs, () => now)
    const ask = (number: number) => identities.claim('s', [], [claim(number, 0)])
    await ask(1)
    now += 4_199_999
    expect(await ask(2)).toEqual([true])
    now += 4_199_999
    expect(await ask(3)).toEqual([true])
    now += 4_200_000
    expect(await ask(4)).toEqual([false])
  })
})

describe('identities in memory, over connections that are cut', () => {
  cutIdentitiesContract(async () => {
    const identities = new CutIdentities(windowMs, Date.now)
    return { identities, fates: identities.fates, another: async () => identities }
  })
})
