import type { Mutation } from './program.ts'

/** A fault put into the code on purpose: what it breaks the simulation must see. */
export interface PlantedFault {
  readonly name: string
  readonly mutations: readonly Mutation[]
  /** Where some 500 schedules show it but now and then: a seed from which they do. */
  readonly seed?: number
}

const speedLedger = 'stores/ledger/memory-speed-ledger.ts'
const datasetLedger = 'stores/ledger/memory-dataset-ledger.ts'
const states = 'stores/states/memory.ts'
const table = 'lambdas/speed/table.ts'
const load = 'lambdas/batch/load.ts'
const recompute = 'stores/jobs/naive-recompute.ts'
const winners = 'stores/jobs/winners.ts'
const apart = 'stores/jobs/naive-apart.ts'
const seal = 'lambdas/batch/seal.ts'
const compare = 'lambdas/batch/compare.ts'
const limitLedger = 'stores/ledger/memory-limit-ledger.ts'
const watch = 'lambdas/limits/watch.ts'

const one = (name: string, file: string, find: string, replace: string): PlantedFault => ({
  name,
  mutations: [{ file, find, replace }],
})

/** Rules that the stores keep are loosened in their twins; all others in the code that runs on a stage. */
export const plantedFaults: readonly PlantedFault[] = [
  one(
    'rows are added though the position had moved',
    speedLedger,
    'this.#move(draft, shardId, known, { position: edge, cuts: moved.cuts })',
    "draft.table('speedPosition').update((row) => row.shardId === shardId, (row) => row.revision !== known.revision ? row : ({ ...row, position: edge, cuts: moved.cuts, revision: row.revision + 1 }))",
  ),
  {
    name: 'a new shard’s row is made without the lock, and without looking',
    mutations: [
      {
        file: speedLedger,
        find: "await this.#warehouse.transactLocked('create shard', (draft) => {",
        replace: "await this.#warehouse.transact('create shard', (draft) => {",
      },
      { file: speedLedger, find: 'if (positions.rows().some((row) => row.shardId === shardId)) return\n', replace: '' },
      {
        file: speedLedger,
        find: "draft.table('speedPosition').update(\n      (row) => row.shardId === shardId,",
        replace:
          "const [own] = draft.table('speedPosition').rows().filter((row) => row.shardId === shardId && row.revision === known.revision)\n    draft.table('speedPosition').update(\n      (row) => row === own,",
      },
    ],
  },
  one(
    'a cut is written though the position had moved',
    speedLedger,
    '(draft) => this.#move(draft, shardId, known, { cuts: next.cuts })',
    "(draft) => draft.table('speedPosition').update((row) => row.shardId === shardId, (row) => ({ ...row, cuts: next.cuts }))",
  ),
  one(
    'a new cut takes the place of the old one',
    'stores/ledger/speed-ledger.ts',
    'cuts: [...known.cuts, cut].sort() }',
    'cuts: [cut] }',
  ),
  one('a micro-batch does not end at a cut', table, 'partsAt(shard.position.cuts, events)', 'partsAt([], events)'),
  {
    name: 'a view shows what stands in the slots, whoever’s it is',
    mutations: [
      { file: states, find: 'slotsOf(tables, datasetId), datasetId)', replace: 'slots, datasetId)' },
      {
        file: states,
        find: 'inSlots.includes(row.slot) && row.datasetId === datasetId)',
        replace:
          "inSlots.includes(row.slot) && (row.datasetId === datasetId || (inSlots.length === 2 && datasetId !== '')))",
      },
    ],
  },
  {
    // Either guard holds most of it by itself.
    name: 'control is set though it, and what is served by, had moved',
    mutations: [
      { file: datasetLedger, find: '      refuseMoved(what, known, row)\n', replace: '' },
      { file: datasetLedger, find: "          refuseMoved('serve', known, row)\n", replace: '' },
      { file: datasetLedger, find: "          refuseMoved('install', known, row)\n", replace: '' },
    ],
    seed: 30_001_800,
  },
  one(
    'a step that comes late takes back what a dataset has ended as',
    datasetLedger,
    '(from === undefined || from.includes(row.state))',
    '(from === undefined || from.length > 0)',
  ),
  one(
    'a mapping gives up on a batch that failed',
    'test/simulation/world.ts',
    '        this.refuseBug(error)\n        // It stays where it was.\n',
    "        this.refuseBug(error)\n        if (name === 'archive') consumer.done = from + records.length\n",
  ),
  one(
    'speed rows of a shard without a mark are left out',
    states,
    '(mark === undefined || edge > mark)',
    "(datasetId === '' || (mark !== undefined && edge > mark))",
  ),
  one('a row at the mark is on both sides', states, 'edge > mark)', 'edge >= mark)'),
  one(
    'a changed metric is answered before it is whole',
    states,
    "return (live !== '' && !isHeld ? 1 : 0) + without.length + begun.length",
    "return live !== '' && !isHeld ? 1 : 0",
  ),
  one(
    'a shard goes on counting by the models of an earlier deploy',
    speedLedger,
    'if (known?.lineUp === lineUp) return positionOf(known)',
    'if (known !== undefined) return positionOf(known)',
  ),
  one(
    'what is served is not counted any more once another model is deployed',
    'core/line-up.ts',
    'return lineUpOf([deployed.version, ...needed.map(({ version }) => version)])',
    'return lineUpOf([deployed.version, ...needed.slice(0, 0).map(({ version }) => version)])',
  ),
  one(
    'a dataset is served by the definitions that are deployed, not by its own',
    'lambdas/batch/models.ts',
    'modelVersion: data.version,',
    'modelVersion: known.modelVersion,',
  ),
  {
    name: 'a dataset is gone back to whose definitions are not counted by any more',
    mutations: [
      {
        file: 'stores/ledger/model-ledger.ts',
        find: 'new Set([servingVersion, ...facts.slotModels])',
        replace: 'new Set([servingVersion, ...facts.slotModels.slice(0, 0)])',
      },
      {
        file: 'lambdas/batch/models.ts',
        find: 'if (!isKeptBy(keptOf(data), counted.map(keptOf)))',
        replace: 'if (!isKeptBy(keptOf(data), [data, ...counted].map(keptOf)))',
      },
    ],
  },
  {
    name: 'registers are remembered before their commit',
    mutations: [
      { file: table, find: '        this.#shards.delete(shardId)\n', replace: '' },
      {
        file: table,
        find: '    shard.position = await ledger.commit(shard.position, {',
        replace: '    shard.registers.remember(cells)\n    shard.position = await ledger.commit(shard.position, {',
      },
      {
        file: table,
        find: '        const current = await this.#shard(shardId)\n        if (current.position.revision === shard.position.revision) throw error',
        replace:
          '        const before = shard.position.revision\n        shard.position = await this.#options.ledger.position(shardId)\n        if (shard.position.revision === before) throw error',
      },
    ],
  },
  one(
    'records at or below the position are counted again',
    table,
    'sequenceNumber > shard.position.position)',
    "sequenceNumber > '')",
  ),
  one(
    'the record at the position is counted again',
    table,
    'sequenceNumber > shard.position.position)',
    'sequenceNumber >= shard.position.position)',
  ),
  one(
    'the position moves before the rows are written',
    speedLedger,
    "await this.#warehouse.transact('commit', (draft) => {\n      draft.table('speedRows').insert(...rows)",
    "await this.#warehouse.transact('commit', (draft) => {\n      this.#move(draft, shardId, known, { position: edge, cuts: moved.cuts })\n    })\n    await this.#warehouse.transact('commit', (draft) => {\n      draft.table('speedRows').insert(...rows)\n      if (rows.length > 0) return",
  ),
  one(
    'batch leaves out the record at the mark',
    recompute,
    "sequenceNumber <= (marks[shardId] ?? '')",
    "sequenceNumber < (marks[shardId] ?? '')",
  ),
  one('batch tells twins by their id alone', winners, 'dimsKey([type, id, String(eventTime)])', 'dimsKey([type, id])'),
  one(
    'batch keeps the last of twins',
    winners,
    'placeOf(record) < placeOf(held)) winners',
    'placeOf(record) > placeOf(held)) winners',
  ),
  one(
    'producers’ retries are told by their id alone',
    'core/duplicates.ts',
    'JSON.stringify([type, id, eventTime])',
    'JSON.stringify([type, id])',
  ),
  one(
    'a retry drops itself',
    'core/duplicates.ts',
    'first.place < place && Math.abs',
    'first.place <= place && Math.abs',
  ),
  one(
    'speed rows are pruned to the highest mark of the slots',
    'lambdas/batch/lowest-marks.ts',
    "const [lowest = ''] = marks.sort()",
    "const lowest = marks.sort().at(-1) ?? ''",
  ),
  one(
    'a rollback does not look at what is pruned',
    'lambdas/batch/promote.ts',
    "    if (prunedTo > (marks[shardId] ?? ''))",
    "    if (prunedTo > (marks[shardId] ?? '') && prunedTo === '')",
  ),
  {
    name: 'a dataset is promoted before its load has ended',
    mutations: [
      {
        file: load,
        find: "if (ends.some((end) => end.status === 'fulfilled' && !end.value)) return false",
        replace: '',
      },
      { file: load, find: '    await checkRows(batch, run.datasetId, slot)\n', replace: '' },
    ],
  },
  one(
    'the mark is drawn past what is archived',
    'lambdas/batch/tidemark.ts',
    'newestEdges({ [shardId]: archived })',
    'newestEdges({ [shardId]: known.position })',
  ),
  {
    name: 'a second try of a seal overwrites what the first had drawn',
    mutations: [
      {
        file: seal,
        find: 'if (!(await isRegisteredAs(batch, { datasetId, base, exclusions, marks }))) return seal(batch, request)',
        replace: '',
      },
    ],
    seed: 20_261_600,
  },
  one(
    'a window is committed though it had moved',
    'stores/window/memory.ts',
    "if (!isWhere(held, expected)) return 'conflict'",
    '',
  ),
  one(
    'a window counts a redelivered record again',
    'lambdas/speed/window.ts',
    "const position = known.position?.position ?? ''",
    "const position = tally.committed > 0 ? (known.position?.position ?? '') : ''",
  ),
  one(
    'windows of an emptied store are answered as whole',
    'lambdas/serving/windows.ts',
    'if (emptiedBefore !== null && reachesBefore(emptiedBefore)) unfilled.push(emptiedBefore)',
    '',
  ),
  one(
    'exclusions come into force while a writer goes on by the older ones',
    speedLedger,
    'this.#move(draft, shardId, known, { exclusions: revision })',
    "draft.table('speedPosition').update((row) => row.shardId === shardId, (row) => ({ ...row, exclusions: revision }))",
  ),
  one(
    'a replay counts by the newest exclusions, whatever stands above',
    'stores/ledger/exclusion-ledger.ts',
    'if (to >= position) return exclusions\n',
    "if (to >= position || to !== '') return exclusions\n",
  ),
  one(
    'a replay merges rows across a mark',
    'lambdas/batch/recount.ts',
    'ends: [...ends.filter((end) => end > from && end < to), to]',
    'ends: [to]',
  ),
  one(
    'drift holds nothing back',
    compare,
    'driftBeyond(batch, known, facts)',
    'driftBeyond(batch, known, facts).slice(0, 0)',
  ),
  one(
    'a shard that lags excuses whatever differs',
    compare,
    'driftBeyond(batch, known, facts)',
    'driftBeyond(batch, known, facts).slice(0, Object.keys(lagged).length > 0 ? 0 : undefined)',
  ),
  one(
    'twins dropped where a shard lags are taken for its lag',
    'lambdas/batch/drift.ts',
    'facts?.duplicate[metric]?.[String(bucket)]?.records ?? 0',
    '0',
  ),
  one(
    'a bucket that differs in one row alone is not told',
    'stores/states/memory-comparison.ts',
    'rowsDiffering(one) > 0',
    'rowsDiffering(one) > 1',
  ),
  one(
    'a record that the archive holds is taken for missing',
    'core/raw-archive.ts',
    'if (furthest < sequenceNumber)',
    'if (furthest <= sequenceNumber)',
  ),
  one(
    'a commit that may not have been is taken for one',
    table,
    'if (!uncommitted || attempt === maxAttempts) throw error',
    'if (error instanceof TransactionUnknown) return { shardId, position: shard.position.position, records: records.length, alreadyCounted: 0, excluded: 0, rows: 0 } as never\n        if (!uncommitted || attempt === maxAttempts) throw error',
  ),
  one(
    'the window takes the last record for read without committing it',
    'lambdas/speed/window.ts',
    'if (rest.length === 0 && known.isConfirmed)',
    'if (rest.length <= 1 && known.isConfirmed)',
  ),
  one(
    'first records of all shards are remembered as one shard’s',
    'stores/identities/memory.ts',
    'const key = `',
    "shardId = 'one'\n    const key = `",
  ),
  one(
    'speed rows may be split at marks alone',
    speedLedger,
    '[...new Set([...edges, ...marked])]',
    '[...new Set([...edges.slice(0, 0), ...marked])]',
  ),
  one(
    'of two transactions that change a row both are committed',
    'stores/warehouse/memory-draft.ts',
    'if (kept.length !== current.length - this.#removed.size) return null',
    '',
  ),
  one(
    'a lagging shard is compared as far as it came meanwhile',
    compare,
    'const lagged = atSeal?.positions ?? laggingPositions',
    'const lagged = laggingPositions',
  ),
  one(
    'a recompute builds on a dataset of other exclusions',
    seal,
    'live?.modelVersion === model.version && live.exclusions === exclusions',
    'live?.modelVersion === model.version',
  ),
  one(
    'a seal goes by the exclusions in force, not by those registered last',
    seal,
    '(await enforceExclusions(batch)).revision',
    '(await batch.exclusions.inForce())',
  ),
  one(
    'what a new exclusion leaves out is told by nobody',
    apart,
    'excluded: account(missing, (one) => !isDuplicate(one))',
    'excluded: {}',
  ),
  one(
    'what an exclusion undone brings back is told by nobody',
    apart,
    'included: account(extra, (one) => !isBehind(one))',
    'included: {}',
  ),
  one(
    'all that is served is taken to leave out what the live dataset does',
    apart,
    'isBelow(served, record) ? dataset : (above.at(-1)?.revision ?? 0)',
    'isBelow(served, record) || above.length >= 0 ? dataset : 0',
  ),
  one(
    'the seal tells the job nothing of what the live dataset leaves out',
    'lambdas/batch/reasons.ts',
    'servedExclusions(live?.exclusions ?? 0,',
    'servedExclusions(0 * (live?.exclusions ?? 0),',
  ),
  one(
    'a difference is taken for proven by the exclusions where the sums don’t agree',
    'lambdas/batch/reasons.ts',
    'mergedValue(measure, builtValue, duplicate, excluded) &&',
    'mergedValue(measure, builtValue, duplicate) &&',
  ),
  one(
    'two looks at a limit at once both write what crossed',
    limitLedger,
    '({ limitName }) => limitName === watch.limitName,',
    '({ limitName }) => limitName !== watch.limitName,',
  ),
  one(
    'a limit is reached only once it is passed',
    limitLedger,
    'value * 100n >= atMost * BigInt(threshold)',
    'value * 100n > atMost * BigInt(threshold)',
  ),
  one(
    'a value that falls back below a limit tells nobody',
    limitLedger,
    'return isReached === (number % 2 === 1) ? []',
    'return !isReached || number % 2 === 1 ? []',
  ),
  {
    name: 'a crossing is noted as told before it is',
    mutations: [
      {
        file: watch,
        find: 'await bus.publish(page.map(eventOfCrossing))',
        replace:
          'for (const last of lastOfEachLook(page)) await ledger.told(last.limit.name, last.revision, last.place)',
      },
      {
        file: watch,
        find: 'for (const last of lastOfEachLook(page)) await ledger.told(last.limit.name, last.revision, last.place)\n    told',
        replace: 'await bus.publish(page.map(eventOfCrossing))\n    told',
      },
    ],
  },
]
