import type { Claim, Identities } from '../../../stores/identities/identities.ts'
import type { Fates } from '../fates.ts'
import { claim } from './contract.ts'

export interface CutIdentities {
  readonly identities: Identities
  /** Of the claims to come. */
  readonly fates: Fates
  /** The same memory, by a connection of its own. */
  another(): Promise<Identities>
}

/** What every memory of identities does where connections are cut. @param empty gives one that holds nothing */
export const cutIdentitiesContract = (empty: () => Promise<CutIdentities>): void => {
  let identities: Identities
  let fates: Fates
  let opened: Identities[]
  let another: () => Promise<Identities>
  beforeEach(async () => {
    const cut = await empty()
    ;({ identities, fates } = cut)
    opened = [identities]
    another = async () => {
      const made = await cut.another()
      opened.push(made)
      return made
    }
    fates.meet('through')
  })
  afterEach(async () => {
    for (const one of opened) await one.close()
  })

  const ask = (claims: readonly Claim[], by = identities, ancestors: readonly string[] = []) =>
    by.claim('child', ancestors, claims)
  const claims = [claim(1, 0), claim(2, 1), claim(3, 2, 'b'), claim(4, 12)]
  const answers = [false, true, false, false]

  it('answer claims as the first time whose answer was lost: none is its own duplicate', async () => {
    fates.meet('answer lost')
    await expect(ask(claims)).rejects.toThrow()
    fates.meet('through')
    const later = await another()
    // What comes after them is a twin: they are remembered.
    expect(await ask([claim(9, 13, 'a')], later)).toEqual([true])
    for (const by of [identities, later]) {
      expect(await ask(claims, by)).toEqual(answers)
      expect(await ask(claims.slice(2), by)).toEqual(answers.slice(2))
    }
  })

  it('remember nothing of claims that were cut off, and answer them once they come again', async () => {
    fates.meet('cut before')
    await expect(ask(claims)).rejects.toThrow()
    expect(fates.met).toBeGreaterThan(1)
    // Nothing that it may still send comes through.
    await identities.close()
    fates.meet('through')
    const later = await another()
    expect(await ask([claim(9, 13, 'a')], later)).toEqual([false])
    expect(await ask(claims, later)).toEqual(answers)
  })

  it('answer where the client sends claims again by itself', async () => {
    fates.meet('answer lost', 'cut before', 'answer lost', 'through')
    expect(await ask(claims)).toEqual(answers)
    expect(fates.met).toBe(4)
    expect(await ask(claims)).toEqual(answers)
  })

  it('know of twins in the shards that a shard came from, though answers are lost', async () => {
    await identities.claim('parent', [], [claim(900, 0)])
    const mixed = [claim(1, 5), claim(2, 6, 'b'), claim(3, 7, 'b')]
    fates.meet('answer lost')
    await expect(ask(mixed, identities, ['parent'])).rejects.toThrow()
    fates.meet('through', 'answer lost', 'through')
    expect(await ask(mixed, identities, ['parent'])).toEqual([true, false, true])
    fates.meet('through')
    expect(await ask(mixed, await another(), ['parent'])).toEqual([true, false, true])
  })
}
