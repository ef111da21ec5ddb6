import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import {
  checkIncarnation,
  IncarnationMixed,
  type MarkedStore,
  markIncarnation,
} from '../../../localstack/incarnation.ts'
import { temporaryHome } from './temporary-home.ts'

const base = temporaryHome()

/** A store of which only the mark matters here; the real four are in stage.test.ts. */
const storeNamed = (name: string) => {
  const store = {
    name,
    loss: `${name} matters`,
    id: null as string | null,
    read: async () => store.id,
    write: async (id: string) => {
      store.id = id
    },
  }
  return store satisfies MarkedStore & { id: string | null }
}

const setting = () => ({
  home: mkdtempSync(join(base, 'home-')),
  stores: [storeNamed('bucket'), storeNamed('stream'), storeNamed('warehouse'), storeNamed('cache')] as const,
})

const marked = async () => {
  const { home, stores } = setting()
  await markIncarnation(home, stores, () => 'one')
  return { home, stores }
}

describe('incarnation', () => {
  it('passes where everything is empty, and where all are of one stage', async () => {
    const fresh = setting()
    await checkIncarnation(fresh.home, fresh.stores)
    const { home, stores } = await marked()
    expect(stores.map(({ id }) => id)).toEqual(['one', 'one', 'one', 'one'])
    await checkIncarnation(home, stores)
  })

  it.each([0, 1, 2, 3])('refuses where store %i lost its state, and names it and the way out', async (index) => {
    const { home, stores } = await marked()
    const lost = stores[index]
    if (lost) lost.id = null
    const refusal = checkIncarnation(home, stores)
    await expect(refusal).rejects.toThrow(IncarnationMixed)
    await expect(refusal).rejects.toThrow(`${lost?.name} has lost its state: ${lost?.loss}`)
    await expect(refusal).rejects.toThrow('tidemark local reset')
    await expect(refusal).rejects.not.toThrow(`${stores[(index + 1) % 4]?.name} has lost`)
  })

  it('refuses a store of another stage', async () => {
    const { home, stores } = await marked()
    stores[2].id = 'two'
    await expect(checkIncarnation(home, stores)).rejects.toThrow(
      'warehouse holds the state of another stage (two, not one)',
    )
  })

  it('refuses where the note is gone and stores are not empty', async () => {
    const { stores } = await marked()
    const other = setting()
    await expect(checkIncarnation(other.home, stores)).rejects.toThrow('bucket holds the state of a stage whose note')
  })

  it('goes on where marking was interrupted', async () => {
    const { home, stores } = setting()
    const broken = { ...stores[3], write: () => Promise.reject(new Error('down')) }
    await expect(markIncarnation(home, [...stores.slice(0, 3), broken], () => 'one')).rejects.toThrow('down')
    await checkIncarnation(home, stores)
    await markIncarnation(home, stores, () => 'two')
    expect(stores.map(({ id }) => id)).toEqual(['one', 'one', 'one', 'one'])
    await checkIncarnation(home, stores)
  })
})
