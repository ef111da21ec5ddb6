import { Cluster } from 'iovalkey'

/** Fails where the cache does not answer: a dead cache must not hold an invocation until Lambda ends it. */
const defaultAnswerWithinMs = 5000

/** A cluster-mode client of one cache, with the operations' deadline. */
export class ValkeyClient {
  readonly cluster: Cluster
  readonly #endpoint: string
  readonly #answerWithinMs: number
  #lastError: string | null = null

  /**
   * @param endpoint host:port, any one node's or the cache's own
   * @param answerWithinMs the longest that one operation may take
   */
  constructor(endpoint: string, tls: boolean, answerWithinMs = defaultAnswerWithinMs) {
    const [, host, port] = /^(.+):(\d+)$/.exec(endpoint) ?? []
    if (host === undefined || port === undefined)
      throw new Error(`"${endpoint}" is no cache endpoint; it must be host:port.`)
    this.#endpoint = endpoint
    this.#answerWithinMs = answerWithinMs
    this.cluster = new Cluster([{ host, port: Number(port) }], {
      lazyConnect: true,
      // Names stay names: TLS certificates are the name's, not the address's.
      dnsLookup: (address, callback) => callback(null, address),
      slotsRefreshTimeout: 2000,
      redisOptions: { connectTimeout: 2000, maxRetriesPerRequest: 3, ...(tls ? { tls: {} } : {}) },
    })
    this.cluster.on('error', (error: Error & { readonly lastNodeError?: Error }) => {
      this.#lastError = error.lastNodeError?.message ?? error.message
    })
  }

  /**
   * Waits for a connection, so that nothing queues for a cache that is away.
   * @throws where there is none in time
   */
  async ready(): Promise<void> {
    const { cluster } = this
    if (cluster.status === 'ready') return
    const isIdle = cluster.status === 'wait' || cluster.status === 'end'
    let listener: (() => void) | undefined
    const connected = new Promise<void>((resolve, reject) => {
      listener = resolve
      cluster.once('ready', resolve)
      if (isIdle) cluster.connect().then(resolve, reject)
    })
    try {
      await this.within(connected)
    } finally {
      if (listener !== undefined) cluster.off('ready', listener)
    }
  }

  /** @throws where the answer takes longer than allowed; what was sent may still take effect. */
  async within<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const cause = this.#lastError === null ? '' : ` (last error: ${this.#lastError})`
        reject(new Error(`The cache at ${this.#endpoint} did not answer within ${this.#answerWithinMs} ms${cause}.`))
      }, this.#answerWithinMs)
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.cluster.disconnect()
  }
}
