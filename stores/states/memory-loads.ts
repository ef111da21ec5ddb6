import type { Archive } from '../archive/archive.ts'
import type { MemoryWarehouse } from '../warehouse/memory.ts'
import type { Draft } from '../warehouse/memory-draft.ts'
import type { StateRow } from '../warehouse/memory-tables.ts'
import { TransactionFailed } from '../warehouse/warehouse.ts'
import type { StatesLoad } from './states.ts'

/** A load's ways: it waits in the queue, has its snapshot and reads its files, waits for its commit, and has ended. */
export type LoadStage = 'queued' | 'running' | 'committing' | 'committed' | 'failed'

/**
 * One load, which goes on only when it is told to: its snapshot is of the moment when it leaves the queue, and it may
 * commit long after whoever began it is gone.
 */
export class MemoryLoad {
  stage: LoadStage = 'queued'
  failure: unknown = null
  readonly id: string
  readonly load: StatesLoad
  #mayCommit = (): void => undefined
  #ended: Promise<void> = Promise.resolve()

  constructor(id: string, load: StatesLoad) {
    this.id = id
    this.load = load
  }

  get hasEnded(): boolean {
    return this.stage === 'committed' || this.stage === 'failed'
  }

  /** Takes the snapshot and reads the files; the commit waits for `finish`. */
  begin(warehouse: MemoryWarehouse, archive: Archive): void {
    this.stage = 'running'
    const mayCommit = new Promise<void>((resolve) => {
      this.#mayCommit = resolve
    })
    this.#ended = warehouse
      .transact('load', async (draft) => {
        await writeRows(draft, this.id, this.load, archive)
        await mayCommit
      })
      .then(
        () => {
          this.stage = 'committed'
        },
        (error: unknown) => {
          this.stage = 'failed'
          this.failure = error
        },
      )
  }

  /** Lets it commit, and waits until it has or was rolled back. */
  async finish(): Promise<void> {
    this.stage = 'committing'
    this.#mayCommit()
    await this.#ended
  }
}

/** The statements of `loadSql`: the slot must be ours, is emptied, and filled from the manifest's files, by one load of the dataset at once. */
const writeRows = async (draft: Draft, id: string, load: StatesLoad, archive: Archive): Promise<void> => {
  const { metric, slot, datasetId, manifestUri } = load
  const owner = draft.table('control').rows()[0]?.slots[slot]
  if (owner?.datasetId !== datasetId || owner.state !== 'loading')
    throw new TransactionFailed(id, `Slot ${slot} is not being loaded with ${datasetId} any more`)
  const place = { slot, metric: metric.name, metricVersion: metric.version }
  const rows = draft.table('batchRows')
  rows.delete((row) => row.slot === slot && row.metric === place.metric && row.metricVersion === place.metricVersion)
  if (manifestUri === null) return
  const states = await copiedRows(id, manifestUri, archive)
  if (states.length > 0) rows.insert({ ...place, datasetId, states })
  draft.table('datasetMetric').update(
    (row) => row.datasetId === datasetId && row.metric === metric.name && row.metricVersion === metric.version,
    (row) => ({ ...row }),
  )
}

interface CopyManifest {
  readonly entries: readonly { readonly url: string; readonly meta?: { readonly content_length?: number } }[]
}

/** COPY: every file that the manifest names, each a text of JSON lines, or none. */
const copiedRows = async (id: string, manifestUri: string, archive: Archive): Promise<StateRow[]> => {
  const manifest = (await archive.getJson(keyOf(manifestUri))) as CopyManifest | null
  if (manifest === null) throw new TransactionFailed(id, `There is no manifest ${manifestUri}`)
  const rows: StateRow[] = []
  for (const { url, meta } of manifest.entries) {
    const file = await archive.getObject(keyOf(url))
    if (file === null) throw new TransactionFailed(id, `There is no file ${url}`)
    if (meta?.content_length !== file.length)
      throw new TransactionFailed(id, `${url} has ${file.length} bytes, and ${meta?.content_length} by the manifest`)
    for (const line of Buffer.from(file).toString('utf8').split('\n')) if (line !== '') rows.push(JSON.parse(line))
  }
  return rows
}

const keyOf = (uri: string): string => uri.replace(/^s3:\/\/[^/]+\//, '')
