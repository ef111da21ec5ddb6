import type { Model } from '../../../core/model.ts'
import { answerWindow } from '../../../lambdas/serving/windows.ts'
import { WindowWriter } from '../../../lambdas/speed/window.ts'
import type { WindowStore } from '../../../stores/window/window.ts'
import { duplicatesOn } from '../../lambdas/speed/duplicates.ts'
import { loadModel, noExclusions, shardId, startTime, toRecords } from '../../lambdas/speed/orders.ts'
import { countingBy } from '../../models-side-by-side.ts'
import type { Fates } from '../fates.ts'
import { position } from './contract.ts'

export interface CutWindows {
  readonly store: WindowStore
  /** Of the commits to come; all else goes through. */
  readonly fates: Fates
  /** A store on the same windows, by a connection of its own. */
  another(): Promise<WindowStore>
}

/** What every window store does where connections are cut. @param empty gives one that holds nothing */
export const cutWindowsContract = (empty: () => Promise<CutWindows>): void => {
  let model: Model
  let store: WindowStore
  let fates: Fates
  let opened: WindowStore[]
  let another: () => Promise<WindowStore>
  beforeAll(async () => {
    model = await loadModel()
  })
  beforeEach(async () => {
    const windows = await empty()
    ;({ store, fates } = windows)
    opened = [store]
    another = async () => {
      const made = await windows.another()
      opened.push(made)
      return made
    }
    fates.meet('through')
    await store.mark()
  })
  afterEach(async () => {
    for (const one of opened) await one.close()
  })

  describe('a commit', () => {
    const write = (name: string, value: string) => ({ name, value, goneAt: 10, ttlMs: 60_000 })
    const deletes: string[] = []
    const first = { shardId, expected: null, next: position(1), writes: [write('a', '1'), write('b', '1')], deletes }
    const next = { ...first, expected: position(1), next: position(2), writes: [write('a', '2')], deletes: ['b'] }
    const held = async (by: WindowStore): Promise<unknown> => (await by.read([shardId], ['a', 'b']))[0]
    const afterFirst = { shardId, position: position(1), chunks: ['1', '1'], lost: [] }
    const afterNext = { shardId, position: position(2), chunks: ['2', null], lost: [] }
    beforeEach(async () => {
      await store.commit(first)
    })

    it('changes nothing where each try is cut before it took effect, and may come again', async () => {
      fates.meet('cut before')
      await expect(store.commit(next)).rejects.toThrow()
      expect(fates.met).toBeGreaterThan(1)
      // Nothing that it may still send comes through.
      await store.close()
      fates.meet('through')
      const later = await another()
      expect(await held(later)).toEqual(afterFirst)
      expect(await later.commit(next)).toBe('committed')
      expect(await held(later)).toEqual(afterNext)
    })

    it('is there whole where its answer is lost, and is a conflict for whoever brings it again', async () => {
      fates.meet('answer lost')
      await expect(store.commit(next)).rejects.toThrow()
      expect(await held(store)).toEqual(afterNext)
      fates.meet('through')
      for (const by of [store, await another()]) {
        expect(await by.commit(next)).toBe('conflict')
        expect(await held(by)).toEqual(afterNext)
      }
    })

    it('took effect once where its client sends it again by itself', async () => {
      fates.meet('answer lost', 'through')
      expect(await store.commit(next)).toBe('conflict')
      expect(fates.met).toBe(2)
      expect(await held(store)).toEqual(afterNext)
      fates.meet('cut before', 'through')
      expect(await store.commit({ ...first, expected: position(2), next: position(3) })).toBe('committed')
      expect(await held(store)).toEqual({ ...afterFirst, position: position(3) })
    })
  })

  describe('a writer', () => {
    const records = toRecords(
      Array.from({ length: 12 }, (_, at) => ({ second: at * 9, country: null, buyer: `${at}`, cents: 1 })),
    )
    const writerOn = (on: WindowStore, maxChunks = 5000): WindowWriter =>
      new WindowWriter({
        ...countingBy(model),
        store: on,
        exclusions: noExclusions,
        duplicates: duplicatesOn(),
        newEpoch: () => 'epoch',
        maxChunks,
      })
    const counted = async (): Promise<unknown> => {
      const question = { model: model.data, store, metric: 'orders', lastMs: 120_000, by: [] }
      const { rows, receipt } = await answerWindow({ ...question, asOf: 'latest', now: startTime })
      return [rows[0]?.value, ...(receipt.refilling ? ['refilling'] : [])]
    }
    let writer: WindowWriter
    beforeEach(async () => {
      writer = writerOn(store)
      await writer.write(shardId, records.slice(0, 5))
    })
    /** The writer itself, or a new one by a connection of its own. */
    const whoWrites = async (who: string): Promise<WindowWriter> => (who === 'it' ? writer : writerOn(await another()))

    it.each(['it', 'another'])('fails where answers are lost, and counts once what %s writes again', async (who) => {
      fates.meet('answer lost')
      await expect(writer.write(shardId, records.slice(3))).rejects.toThrow()
      expect(await counted()).toEqual([12])
      fates.meet('through')
      const next = await whoWrites(who)
      expect(await next.write(shardId, records.slice(3))).toMatchObject({ committed: 0, repeated: 9 })
      expect(await next.write(shardId, records)).toMatchObject({ committed: 0, repeated: 12 })
      expect(await counted()).toEqual([12])
    })

    it.each(['it', 'another'])(
      'fails where it is cut off, counts nothing, and then what %s writes again',
      async (who) => {
        fates.meet('cut before')
        await expect(writer.write(shardId, records.slice(3))).rejects.toThrow()
        expect(await counted()).toEqual([5])
        fates.meet('through')
        await (await whoWrites(who)).write(shardId, records.slice(3))
        expect(await counted()).toEqual([12])
      },
    )

    it('counts once what its client sends again by itself', async () => {
      fates.meet('answer lost', 'cut before', 'through')
      expect(await writer.write(shardId, records.slice(3))).toMatchObject({ committed: 0, repeated: 9, conflicts: 1 })
      expect(await counted()).toEqual([12])
    })

    it.each(['it', 'another'])('goes on where %s left off, of several commits', async (who) => {
      const cautious = writerOn(store, 1)
      fates.meet('through', 'answer lost')
      await expect(cautious.write(shardId, records.slice(3))).rejects.toThrow()
      fates.meet('through')
      const next = who === 'it' ? cautious : writerOn(await another(), 1)
      const { committed, repeated } = await next.write(shardId, records.slice(3))
      expect(committed).toBeGreaterThan(0)
      expect(repeated).toBe(9 - committed)
      expect(repeated).toBeGreaterThan(3)
      expect(await counted()).toEqual([12])
    })
  })
}
