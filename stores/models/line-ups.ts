import { type LineUp, lineUpOf, type Running, runningOf, versionsOf } from '../../core/line-up.ts'
import type { Model } from '../../core/model.ts'
import type { Archive } from '../archive/archive.ts'
import type { DeployedModels } from '../ledger/model-ledger.ts'
import { latestModelsKey, type Models } from './models.ts'

/** Line-ups kept ready: a function meets a new one seldom, and an old one only by what is left of a deploy. */
const keptLineUps = 3

/** Line-ups, each put together once. */
export class LineUps {
  readonly #models: Pick<Models, 'model'>
  readonly #known = new Map<LineUp, readonly Running[]>()

  constructor(models: Pick<Models, 'model'>) {
    this.#models = models
  }

  /** @throws where one of its models is not there */
  async of(lineUp: LineUp): Promise<readonly Running[]> {
    const known = this.#known.get(lineUp)
    if (known !== undefined) return known
    const models: Model[] = []
    for (const version of versionsOf(lineUp)) models.push(await this.#models.model(version))
    const running = runningOf(models)
    this.#known.set(lineUp, running)
    for (const old of this.#known.keys()) {
      if (this.#known.size <= keptLineUps) break
      this.#known.delete(old)
    }
    return running
  }
}

/** How long what was read last is taken to hold, ms. */
const latestForMs = 5000

/** What the ledger says of models, for who has no warehouse to ask: seconds late. Its own model, before anything was told. */
export class LatestModels {
  readonly #archive: Pick<Archive, 'getJson'>
  readonly #now: () => number
  #latest: DeployedModels
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(archive: Pick<Archive, 'getJson'>, own: string, now: () => number) {
    this.#archive = archive
    this.#now = now
    this.#latest = { modelVersion: own, servingVersion: own, lineUp: lineUpOf([own]), revision: 0 }
  }

  /** @throws where the archive can't be read */
  async current(): Promise<DeployedModels> {
    return this.#now() - this.#askedAt < latestForMs ? this.#latest : this.ask()
  }

  /** The same, whatever was read last. */
  async ask(): Promise<DeployedModels> {
    // Of when it was asked: an answer that was long on its way is as old as that.
    const now = this.#now()
    const told = (await this.#archive.getJson(latestModelsKey)) as DeployedModels | null
    if (told !== null && told.revision > this.#latest.revision) this.#latest = told
    this.#askedAt = now
    return this.#latest
  }
}
