/**
 * All that the handlers ask of the stores, by store: each must meet each fault. Written down, since an operation that
 * nothing calls any more is missed by nobody.
 */
const calls: Readonly<Record<string, readonly string[]>> = {
  archive: ['getJson', 'listRaw', 'listRawShards', 'putJson', 'putNewest', 'putObject', 'readLines'],
  bus: ['publish'],
  exclusions: ['add', 'enforce', 'entries', 'inForce', 'stretches', 'undo'],
  identities: ['claim'],
  jobs: ['cancelAll', 'start', 'state'],
  ledger: [
    'control',
    'dataset',
    'datasets',
    'edgesCommittedBefore',
    'installAsOf',
    'marks',
    'newestEdges',
    'noteFailure',
    'parity',
    'prune',
    'prunedTo',
    'recordParity',
    'register',
    'serve',
    'setSlot',
    'setState',
    'shardsBesides',
    'speedPositions',
    'takeSlot',
    'versionEdges',
  ],
  limits: ['facts', 'look', 'told', 'untold', 'watch'],
  modelLedger: ['models', 'retire'],
  outputs: ['add', 'all', 'begin', 'compare', 'drop', 'swap'],
  speedLedger: ['addCut', 'commit', 'ends', 'exclude', 'position', 'replace'],
  states: ['compare', 'gaps', 'isLoaded', 'rowsLoaded', 'startLoad'],
  stream: ['shards'],
  window: ['commit', 'emptiedBefore', 'open', 'readChunks'],
}

/** The transactions that the warehouse may give up before their commit. A deploy's own is made again by a person. */
const transactions: readonly string[] = [
  'add cut',
  'add exclusion',
  'add to output',
  'begin output',
  'commit',
  'create shard',
  'drop output',
  'enforce exclusions',
  'exclude',
  'install',
  'load',
  'look at limit',
  'note failure',
  'prune',
  'record parity',
  'register',
  'replace',
  'retire',
  'serve',
  'set slot',
  'set state',
  'swap output',
  'switch line-up',
  'take slot',
  'tell limit',
  'undo exclusion',
  'watch limit',
]

export const callNames: readonly string[] = Object.entries(calls).flatMap(([store, names]) =>
  names.map((name) => `${store}.${name}`),
)

export const transactionNames: readonly string[] = transactions.map((name) => `warehouse.${name}`)
