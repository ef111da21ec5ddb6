import { type Exclusion, type ExclusionSet, excluder, type IsExcluded } from '../../core/exclusion.ts'
import type { ModelData } from '../../core/model.ts'
import type { Archive } from './archive.ts'

/** A revision's whole set; written before the revision is in force, and never changed. */
export const exclusionsKey = (revision: number): string => `exclusions/${revision}.json`
/** What one request for an exclusion listed; never changed. */
export const exclusionRequestKey = (requestId: string): string => `exclusions/requests/${requestId}.json`
/** `{revision}`: the newest one in force, for who has no warehouse. */
export const latestExclusionsKey = 'exclusions/latest.json'

/** @throws where the revision's set is not there: nothing may be counted as if it left out nothing */
export const readExclusions = async (
  archive: Pick<Archive, 'getJson'>,
  revision: number,
): Promise<readonly Exclusion[]> => {
  if (revision === 0) return []
  const set = (await archive.getJson(exclusionsKey(revision))) as ExclusionSet | null
  if (set === null)
    throw new Error(`Revision ${revision} of the exclusions is in force, but there is no ${exclusionsKey(revision)}.`)
  return set.exclusions
}

/** Sets kept: a function meets a new one seldom, and an old one only by what is left of a deploy. */
const keptSets = 6

/** The sets of exclusions, each read once by each model. */
export class Exclusions {
  readonly #archive: Pick<Archive, 'getJson'>
  readonly #known = new Map<string, IsExcluded>()

  constructor(archive: Pick<Archive, 'getJson'>) {
    this.#archive = archive
  }

  /** @throws where the set is not there, or the archive can't be read */
  async at(revision: number, model: Pick<ModelData, 'version' | 'events'>): Promise<IsExcluded> {
    const key = `${revision} ${model.version}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const isExcluded = excluder(await readExclusions(this.#archive, revision), model)
    this.#known.set(key, isExcluded)
    for (const old of this.#known.keys()) {
      if (this.#known.size <= keptSets) break
      this.#known.delete(old)
    }
    return isExcluded
  }
}

/** How long the newest revision is taken to be the one read last, ms. */
const latestForMs = 5000

/** The newest revision in force, for who has no warehouse to ask: seconds late, and never going back. */
export class LatestExclusions {
  readonly #archive: Pick<Archive, 'getJson'>
  readonly #exclusions: Exclusions
  readonly #now: () => number
  #revision = 0
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(archive: Pick<Archive, 'getJson'>, now: () => number) {
    this.#archive = archive
    this.#exclusions = new Exclusions(archive)
    this.#now = now
  }

  /** @throws where the archive can't be read */
  async current(model: Pick<ModelData, 'version' | 'events'>): Promise<IsExcluded> {
    // Of when it was asked: an answer that was long on its way is as old as that.
    const now = this.#now()
    if (now - this.#askedAt >= latestForMs) {
      const latest = (await this.#archive.getJson(latestExclusionsKey)) as { readonly revision: number } | null
      this.#revision = Math.max(this.#revision, latest?.revision ?? 0)
      this.#askedAt = now
    }
    return this.#exclusions.at(this.#revision, model)
  }
}
