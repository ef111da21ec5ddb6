import { join } from 'node:path'
import type { Log, Running } from '../running.ts'
import { openCheckpoints } from './checkpoints.ts'
import { consumeMapping, type MappingConsumer } from './consumer.ts'
import { isOurs, type Mapping, mappingFrom } from './mapping.ts'
import { connectServices, type Services } from './services.ts'
import { signal } from './signal.ts'

/** What the poller needs to run. */
export interface PollerOptions {
  /** The emulator's URL. */
  readonly endpointUrl: string
  readonly region: string
  /** Checkpoints are kept in its folder `poller`. */
  readonly stateDir: string
  readonly log: Log
  /** How often to look for new mappings and shards. */
  readonly refreshMs?: number
  readonly now?: () => number
  readonly random?: () => number
}

const defaultRefreshMs = 2000
/** How long `stop` waits for running invocations before it gives them up; their records come again after the next start. */
const stopWaitMs = 30_000

interface Consumed {
  readonly settings: string
  readonly consumer: MappingConsumer
  readonly stop: AbortController
}

/** The mappings being worked on, kept equal to the deployed ones. */
class Poller {
  readonly #options: PollerOptions
  readonly #services: Services
  readonly #consumed = new Map<string, Consumed>()
  readonly #givingUp = new AbortController()
  readonly #woken = signal()
  readonly #refreshMs: number
  #refused = ''
  #stopping = false

  constructor(options: PollerOptions) {
    this.#options = options
    this.#services = connectServices(options.endpointUrl, options.region)
    this.#refreshMs = options.refreshMs ?? defaultRefreshMs
  }

  /** @throws where a mapping has a setting that is not implemented; none is then worked on that was not before */
  async refresh(): Promise<void> {
    const deployed = (await this.#services.listMappings()).filter(isOurs).map(mappingFrom)
    for (const [uuid, { settings }] of this.#consumed)
      if (!deployed.some((mapping) => mapping.uuid === uuid && JSON.stringify(mapping) === settings))
        await this.#drop(uuid)
    for (const mapping of deployed)
      if (!this.#consumed.has(mapping.uuid) && !this.#stopping) await this.#consume(mapping)
  }

  async #consume(mapping: Mapping): Promise<void> {
    const { log, region, now = Date.now, random = Math.random } = this.#options
    const checkpoints = await openCheckpoints(join(this.#options.stateDir, 'poller'), mapping.uuid)
    const roleArn = await this.#services.roleArn(mapping.functionArn)
    const stop = new AbortController()
    const context = {
      ...{ services: this.#services, mapping, roleArn, region, checkpoints, log, now, random },
      stopping: stop.signal,
      givingUp: this.#givingUp.signal,
    }
    const consumer = consumeMapping(context, this.#refreshMs)
    this.#consumed.set(mapping.uuid, { settings: JSON.stringify(mapping), consumer, stop })
    log(`${mapping.functionName}: polling ${mapping.streamArn} for mapping ${mapping.uuid}`)
  }

  async #drop(uuid: string): Promise<void> {
    const consumed = this.#consumed.get(uuid)
    consumed?.stop.abort()
    await consumed?.consumer.done
    this.#consumed.delete(uuid)
    this.#options.log(`mapping ${uuid} was changed or removed: its polling ended`)
  }

  /** Refreshes until `stop`. What can't be refreshed is said once, and the mappings worked on before go on. */
  async watch(): Promise<void> {
    while (!this.#stopping) {
      await this.#woken.wait(this.#refreshMs)
      if (this.#stopping) return
      try {
        await this.refresh()
        this.#refused = ''
      } catch (error) {
        if (String(error) !== this.#refused) this.#options.log(`can't refresh the mappings: ${error}`)
        this.#refused = String(error)
      }
    }
  }

  async stop(watching: Promise<void>): Promise<void> {
    this.#stopping = true
    this.#woken.raise()
    const giveUp = setTimeout(() => this.#givingUp.abort(), stopWaitMs)
    await watching
    for (const { stop } of this.#consumed.values()) stop.abort()
    await Promise.all([...this.#consumed.values()].map(({ consumer }) => consumer.done))
    clearTimeout(giveUp)
    this.#services.close()
  }
}

/**
 * Does for the laptop stage what Lambda's own Kinesis pollers do on AWS: reads the deployed event source mappings of `tidemark-…`
 * functions, enabled or not, and invokes the functions with the streams' records as Lambda documents it, at least once and in order in each shard.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 * @throws where a mapping has a setting that is not implemented, or the emulator does not answer
 */
export const startPoller = async (options: PollerOptions): Promise<Running> => {
  const poller = new Poller(options)
  try {
    await poller.refresh()
  } catch (error) {
    await poller.stop(Promise.resolve())
    throw error
  }
  const watching = poller.watch()
  return { stop: () => poller.stop(watching) }
}
