import type { Exclusion } from '../../../core/exclusion.ts'
import type { Decoded } from '../../../core/record.ts'
import { Exclusions, exclusionsKey, LatestExclusions, latestExclusionsKey } from '../../../stores/archive/exclusions.ts'
import { MemoryArchive } from '../../../stores/archive/memory.ts'

const event = { name: 'sale', fields: [], id: ['id'], at: 'at', acceptLateMs: null, acceptEarlyMs: 0 }
const model = { version: 'm', events: [{ ...event, derived: [], description: null }] }
const sale = (id: string): Decoded => ({ type: 'sale', id, eventTime: 0, row: {}, place: '', rejection: null })
const leavingOut = (id: string): Exclusion => ({
  ...{ id: 1, eventType: 'sale', from: null, to: null, fields: {}, eventIds: [id] },
})

/** Counts what is read. */
class CountingArchive extends MemoryArchive {
  readonly reads: string[] = []

  override getJson(key: string): Promise<unknown> {
    this.reads.push(key)
    return super.getJson(key)
  }
}

describe('the sets of exclusions', () => {
  let archive: CountingArchive
  const put = (revision: number, id: string): Promise<void> =>
    archive.putJson(exclusionsKey(revision), { revision, exclusions: [leavingOut(id)] })
  beforeEach(() => {
    archive = new CountingArchive()
  })

  it('are read once each, and none for revision 0', async () => {
    await put(1, 'a')
    const exclusions = new Exclusions(archive)
    expect((await exclusions.at(0, model))(sale('a'))).toBe(false)
    for (let times = 0; times < 3; times++) expect((await exclusions.at(1, model))(sale('a'))).toBe(true)
    expect(archive.reads).toEqual([exclusionsKey(1)])
  })

  it('that are missing stop whoever counts, until they are there', async () => {
    const exclusions = new Exclusions(archive)
    await expect(exclusions.at(4, model)).rejects.toThrow('there is no exclusions/4.json')
    await put(4, 'a')
    expect((await exclusions.at(4, model))(sale('a'))).toBe(true)
  })

  it('are found without a warehouse seconds late, and never go back', async () => {
    let now = 0
    const latest = new LatestExclusions(archive, () => now)
    expect((await latest.current(model))(sale('a'))).toBe(false)
    await put(1, 'a')
    await put(2, 'b')
    await archive.putJson(latestExclusionsKey, { revision: 2 })
    now = 4999
    expect((await latest.current(model))(sale('b'))).toBe(false)
    now = 5000
    expect((await latest.current(model))(sale('b'))).toBe(true)
    await archive.putJson(latestExclusionsKey, { revision: 1 })
    now = 10_000
    expect((await latest.current(model))(sale('b'))).toBe(true)
    expect(archive.reads.filter((key) => key === latestExclusionsKey)).toHaveLength(3)
  })

  it('are asked for again as of when they were asked for, however long the answer took', async () => {
    let now = 0
    const slow = new (class extends CountingArchive {
      override async getJson(key: string): Promise<unknown> {
        const answer = await super.getJson(key)
        now += 3000
        return answer
      }
    })()
    const latest = new LatestExclusions(slow, () => now)
    await latest.current(model)
    await slow.putJson(exclusionsKey(1), { revision: 1, exclusions: [leavingOut('a')] })
    await slow.putJson(latestExclusionsKey, { revision: 1 })
    now = 5000
    expect((await latest.current(model))(sale('a'))).toBe(true)
  })
})
