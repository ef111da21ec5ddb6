import { expandAggregates } from '../../core/aggregate.ts'
import type { Contribution } from '../../core/contribution.ts'
import type { ReceivedRecord } from '../../core/kinesis-record.ts'
import { merge } from '../../core/merge.ts'
import type { Model } from '../../core/model.ts'
import { decodeRawLine, encodeRawLine } from '../../core/raw-archive.ts'
import type { Decoded, RawRecord } from '../../core/record.ts'
import { dimsKey } from '../../core/state.ts'
import type {
  DataFile,
  DatasetManifest,
  RecomputeSpecification,
  ResultSpecification,
} from '../../spark/specification.ts'
import type { Archive } from '../archive/archive.ts'
import { Exclusions } from '../archive/exclusions.ts'
import type { StateRow } from '../warehouse/memory-tables.ts'
import { naiveApart } from './naive-apart.ts'
import { placeOf, winnersOf } from './winners.ts'

/** How a results file is written: the twin's warehouse takes JSON lines, a real one Parquet. */
export interface ResultsFormat {
  readonly extension: string
  encode(result: ResultSpecification, rows: readonly StateRow[]): Promise<Uint8Array>
}

export const jsonLines: ResultsFormat = {
  extension: 'ndjson',
  encode: async (_, rows) => Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'), 'utf8'),
}

export interface NaiveRecomputeOptions {
  readonly archive: Archive
  readonly model: Model
  readonly format: ResultsFormat
  /** What becomes of the contributions before they are merged. */
  readonly tamper?: ((contributions: Contribution[]) => Contribution[]) | undefined
}

/**
 * The recompute, slow and plain: every record anew, from the raw objects that the specification names and the winners
 * that its base kept. It writes the files and then the manifest. @throws where an object or the base is not there
 */
export const naiveRecompute = async (
  { archive, model: decoding, format, tamper = (all) => all }: NaiveRecomputeOptions,
  specification: RecomputeSpecification,
): Promise<void> => {
  const model = decodingOnce(decoding)
  const { datasetId, modelVersion, marks, exclusions, results, lakeColumns, manifestKey, served } = specification
  if (modelVersion !== model.data.version)
    throw new Error(`${datasetId} is of model ${modelVersion}, and the job runs ${model.data.version}.`)
  const isExcluded = await new Exclusions(archive).at(exclusions, model.data)
  const isLeftOut = (record: RawRecord): boolean => isExcluded(model.decode(record))
  const read = await freshRecords(archive, specification)
  const fresh = read.filter((record) => !isLeftOut(record))
  const base = await baseRecords(archive, specification)
  const winners = winnersOf(model, [...base, ...fresh])
  const kept = new Set(winners)
  const contributions = tamper(winners.flatMap((record) => model.contributions(model.decode(record), 'batch')))
  const lake = await writeWinners(archive, datasetId, winners)
  const written: Record<string, Record<string, DataFile[]>> = {}
  for (const result of results) {
    const states = statesOf(contributions.filter(({ metric }) => metric === result.metric))
    const rows = result.latest === true ? latestOf(states) : states
    if (rows.length > 0) written[result.metric] = await writeResults(archive, format, datasetId, result, rows)
  }
  const manifest: DatasetManifest = {
    datasetId,
    modelVersion,
    marks,
    exclusions,
    lake: { [winnersName]: { all: [lake] } },
    lakeColumns,
    results: written,
    apart: served === undefined ? null : await naiveApart({ archive, model, isLeftOut }, [...base, ...read], served),
    counts: {
      read: read.length,
      duplicates: fresh.filter((record) => !kept.has(record)).length,
      rejected: fresh.filter((record) => kept.has(record) && model.decode(record).rejection !== null).length,
      excluded: read.length - fresh.length,
      idsReused: idsReused(model, winners, new Set(fresh)),
    },
  }
  await archive.putJson(manifestKey, manifest)
}

/** The same model; what a record says is read once, though it is asked for a dozen times here. */
const decodingOnce = (model: Model): Model => {
  const known = new Map<RawRecord, Decoded>()
  return {
    ...model,
    decode: (record) => {
      const decoded = known.get(record) ?? model.decode(record)
      known.set(record, decoded)
      return decoded
    },
  }
}

const winnersName = '_winners'

/** The raw records above the base's marks and at or below the dataset's; one that was redelivered comes once. */
const freshRecords = async (
  archive: Archive,
  { rawObjects, marks, baseMarks }: RecomputeSpecification,
): Promise<ReceivedRecord[]> => {
  const fresh = new Map<string, ReceivedRecord>()
  for (const { key, shardId } of rawObjects)
    for await (const line of archive.readLines(key)) {
      const record = decodeRawLine(line)
      const { sequenceNumber } = record
      if (sequenceNumber > (baseMarks[shardId] ?? '') && sequenceNumber <= (marks[shardId] ?? ''))
        for (const one of expandAggregates([record])) fresh.set(placeOf(one), one)
    }
  return [...fresh.values()]
}

const baseRecords = async (
  archive: Archive,
  { baseManifestKey }: RecomputeSpecification,
): Promise<ReceivedRecord[]> => {
  if (baseManifestKey === null) return []
  const base = (await archive.getJson(baseManifestKey)) as DatasetManifest | null
  if (base === null) throw new Error(`There is no base manifest ${baseManifestKey}.`)
  const records: ReceivedRecord[] = []
  for (const { key } of base.lake[winnersName]?.all ?? []) {
    const file = await archive.getObject(key)
    if (file === null) throw new Error(`${baseManifestKey} names ${key}, which is not there.`)
    for (const line of Buffer.from(file).toString('utf8').split('\n')) if (line !== '') records.push(decodeWinner(line))
  }
  return records
}

const writeWinners = async (
  archive: Archive,
  datasetId: string,
  winners: readonly ReceivedRecord[],
): Promise<DataFile> => {
  const key = `lake/${winnersName}/${datasetId}.ndjson`
  const file = Buffer.from(winners.map(encodeWinner).join('\n'), 'utf8')
  await archive.putObject(key, file)
  return { key, bytes: file.length, rows: winners.length }
}

/** A raw line holds what an aggregate is, not what is in it: a winner's line also says where it stood there. */
const encodeWinner = (record: ReceivedRecord): string =>
  JSON.stringify({ line: encodeRawLine(record), subSequence: record.subSequence ?? 0 })

const decodeWinner = (text: string): ReceivedRecord => {
  const { line, subSequence } = JSON.parse(text)
  return { ...decodeRawLine(line), subSequence }
}

/** One file a month, as the job's. */
const writeResults = async (
  archive: Archive,
  format: ResultsFormat,
  datasetId: string,
  result: ResultSpecification,
  rows: readonly StateRow[],
): Promise<Record<string, DataFile[]>> => {
  const files: Record<string, DataFile[]> = {}
  const monthOf = ({ bucket }: StateRow): string => new Date(bucket).toISOString().slice(0, 7)
  for (const month of new Set(rows.map(monthOf))) {
    const ofMonth = rows.filter((row) => monthOf(row) === month)
    const key = `results/dataset=${datasetId}/metric=${result.metric}/bucket_month=${month}/all.${format.extension}`
    const file = await format.encode(result, ofMonth)
    await archive.putObject(key, file)
    files[month] = [{ key, bytes: file.length, rows: ofMonth.length }]
  }
  return files
}

/** Ids at more than one time of a UTC date, one of them a new record's. */
const idsReused = (model: Model, winners: readonly ReceivedRecord[], fresh: ReadonlySet<ReceivedRecord>): number => {
  const groups = new Map<string, ReceivedRecord[]>()
  for (const record of winners) {
    const { type, id, eventTime, rejection } = model.decode(record)
    if (rejection !== null) continue
    const key = dimsKey([type, id, new Date(eventTime).toISOString().slice(0, 10)])
    groups.set(key, [...(groups.get(key) ?? []), record])
  }
  return [...groups.values()].filter((group) => group.length > 1 && group.some((record) => fresh.has(record))).length
}

/** States merged by their ops; a distinct value counts once by the metric's dimensions, and once in total. */
const statesOf = (contributions: readonly Contribution[]): StateRow[] => {
  const plain = contributions.filter(({ distinct }) => distinct !== true)
  const distinct = contributions.filter((contribution) => contribution.distinct === true)
  const inTotal = distinct.map((contribution) => ({ ...contribution, dims: contribution.dims.map(() => null) }))
  const counted = (values: readonly Contribution[], component: string): Contribution[] =>
    mergedByOp(values).map((value) => ({ ...value, component, op: 'sum', value: 1 }))
  const merged = mergedByOp([...plain, ...counted(distinct, 'exact'), ...counted(inTotal, 'exact_total')])
  return merged.map(({ bucket, dims, component, value, body }) => ({
    bucket,
    dims,
    component,
    value,
    ...(body === undefined ? {} : { body }),
  }))
}

/** Of each bucket and ref the greatest version. */
const latestOf = (versions: readonly StateRow[]): StateRow[] => {
  const latest = new Map<string, StateRow>()
  for (const version of versions) {
    const key = `${version.bucket}/${dimsKey(version.dims.slice(0, 1))}`
    if ((latest.get(key)?.component ?? '') < version.component) latest.set(key, version)
  }
  return [...latest.values()]
}

/** Contributions to one bucket, dimensions and component as one. */
const mergedByOp = (contributions: readonly Contribution[]): Contribution[] => {
  const states = new Map<string, Contribution>()
  for (const one of contributions) {
    const key = `${one.bucket}/${dimsKey(one.dims)}/${one.component}`
    const held = states.get(key)
    states.set(key, held === undefined ? one : { ...one, value: merge(one.op, held.value, one.value) })
  }
  return [...states.values()]
}
