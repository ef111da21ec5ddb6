import type { DatasetManifest } from '../spark/specification.ts'
import type { Archive } from '../stores/archive/archive.ts'
import type { StatusAnswer } from './answers.ts'
import type { Connection } from './connection.ts'
import { CommandError } from './exit.ts'

/** The files of the live dataset; null where none is live yet. */
export const liveManifest = async (
  { api }: Pick<Connection, 'api'>,
  archive: Pick<Archive, 'getJson'>,
): Promise<DatasetManifest | null> => {
  const { live, unreachable } = await api.get<StatusAnswer>('/v1/status')
  if (unreachable.warehouse !== undefined)
    throw new CommandError(`Which dataset is live is not known: the warehouse says ${unreachable.warehouse}.`)
  if (live === null) return null
  const manifest = await archive.getJson(`manifests/${live}.json`)
  if (manifest === null) throw new CommandError(`The live dataset ${live} has no manifest in the data bucket.`)
  return manifest as DatasetManifest
}
