import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib'

/** One function's size. */
export interface FunctionSize {
  readonly memory: Size
  readonly timeout: Duration
}

/** One consumer of the stream: how much it takes at once, and how long it waits for more. */
export interface ConsumerSettings extends FunctionSize {
  /** At most 10,000 records (and 6 MB). */
  readonly batchSize: number
  /** At most 5 minutes. */
  readonly batchWindow: Duration
}

/** A warehouse of the stage's own, or one that is already there. */
export type WarehouseSettings =
  | {
      readonly kind: 'serverless'
      readonly database: string
      /** Redshift processing units. */
      readonly baseCapacity: number
      readonly maxCapacity: number
    }
  | { readonly kind: 'outside'; readonly workgroup: string; readonly database: string; readonly copyRoleArn: string }

export type CacheSettings =
  | { readonly kind: 'serverless'; readonly maxData: Size; readonly maxRequestUnitsPerSecond: number }
  | { readonly kind: 'outside'; readonly endpoint: string; readonly tls: boolean }

export type SparkSettings = {
  readonly submitParameters: string
  /** The job is stopped after this. */
  readonly timeLimit: Duration
} & (
  | {
      readonly kind: 'serverless'
      readonly releaseLabel: string
      readonly maxCpus: number
      readonly maxMemory: Size
      readonly maxDisk: Size
      readonly idleTimeout: Duration
    }
  | { readonly kind: 'outside'; readonly applicationId: string; readonly roleArn: string }
)

export interface RecomputeSettings {
  readonly every: Duration
  readonly scheduled: boolean
  /** How long the state machine waits between two looks at a job or a load. */
  readonly pollInterval: Duration
  /** The wait before a step's first retry; it doubles from there. */
  readonly retryInterval: Duration
  readonly retryAttempts: number
  /** The whole execution is stopped after this. */
  readonly timeLimit: Duration
  /** A run that no step has been seen of for this long counts as lost: another may begin. Longer than one try of a step and the wait before the next, for each try is seen as it begins. */
  readonly silentAfter: Duration
  /** Speed rows younger than this are never pruned. */
  readonly speedRetention: Duration
  /** How far a dataset may be from what is served and still be promoted by itself: a fraction. */
  readonly maxDrift: number
}

export interface AlarmSettings {
  /** A consumer whose oldest record is this old is behind. */
  readonly behindAfter: Duration
  /** One this old may be lost if nobody looks: well below the stream's retention. */
  readonly atRiskAfter: Duration
  /** How many scheduled recomputes in a row may end otherwise than well. */
  readonly recomputesMissed: number
}

/** All that differs between stages. No default stands anywhere else. */
export interface Stage {
  readonly name: 'local' | 'prod'
  readonly stream: { readonly shards: number; readonly retention: Duration }
  readonly archive: ConsumerSettings
  readonly speedTable: ConsumerSettings
  readonly speedWindow: ConsumerSettings
  /** Of two records of one event in a shard that arrive no further apart, the speed side counts the first only. */
  readonly duplicatesWindow: Duration
  /** How much further back than the live dataset's age speed rows are asked for where an entity is: arrival times are no order. */
  readonly entityOverlap: Duration
  readonly batch: FunctionSize
  readonly migrate: FunctionSize
  readonly serving: FunctionSize
  /** Only where the definitions declare limits; `every`: how long a crossing waits at most to be found. */
  readonly limits: FunctionSize & { readonly every: Duration }
  /** False where something other than Lambda polls the stream. */
  readonly mappingsEnabled: boolean
  readonly recompute: RecomputeSettings
  /** null: there is nobody to tell. */
  readonly alarms: AlarmSettings | null
  readonly warehouse: WarehouseSettings
  /** The SQL that migrations are written in. */
  readonly warehouseDialect: 'redshift' | 'postgres'
  readonly cache: CacheSettings
  readonly spark: SparkSettings
  readonly api: {
    readonly authorization: 'iam' | 'none'
    /** Where the API answers, followed by its id; null: at its own address. */
    readonly baseUrl: string | null
  }
  /** Of the stream, the bucket, the warehouse and the cache. */
  readonly removalPolicy: RemovalPolicy
  readonly logRetention: Duration
  /** Further variables of every function: the SDK's endpoints. */
  readonly environment: Readonly<Record<string, string>>
}

/** The ports that the local stage's parts listen on. */
export interface LocalPorts {
  readonly emulator: number
  readonly warehouse: number
  readonly spark: number
  readonly valkey: number
}

/**
 * How fresh the speed table is kept. Each write keeps the warehouse awake, and so billed; the longest is what an event
 * source mapping can wait (5 minutes, the limit of MaximumBatchingWindowInSeconds).
 */
export const freshnesses = {
  live: Duration.seconds(10),
  standard: Duration.seconds(60),
  economy: Duration.minutes(5),
} as const satisfies Record<string, Duration>
export type Freshness = keyof typeof freshnesses

const sizes = {
  archive: { memory: Size.mebibytes(1024), timeout: Duration.seconds(60) },
  speedTable: { memory: Size.mebibytes(1024), timeout: Duration.minutes(2) },
  speedWindow: { memory: Size.mebibytes(1024), timeout: Duration.seconds(60) },
  // It waits for the warehouse for up to 12 minutes; Lambda allows no more than this.
  batch: { memory: Size.mebibytes(1024), timeout: Duration.minutes(15) },
  migrate: { memory: Size.mebibytes(512), timeout: Duration.minutes(5) },
  limits: { memory: Size.mebibytes(512), timeout: Duration.minutes(5), every: Duration.minutes(1) },
  // An HTTP API gives up after 30 s.
  serving: { memory: Size.mebibytes(1024), timeout: Duration.seconds(29) },
} as const

const maxBatchSize = 10_000
/** Longer than producers try again. The cache holds each identity for this and an hour. */
const duplicatesWindow = Duration.minutes(10)
/** Far longer than two shards' clocks are apart. */
const entityOverlap = Duration.hours(12)

const prod = (freshness: Freshness): Stage => ({
  ...sizes,
  name: 'prod',
  duplicatesWindow,
  entityOverlap,
  stream: { shards: 4, retention: Duration.days(7) },
  archive: { ...sizes.archive, batchSize: maxBatchSize, batchWindow: Duration.seconds(60) },
  speedTable: { ...sizes.speedTable, batchSize: maxBatchSize, batchWindow: freshnesses[freshness] },
  speedWindow: { ...sizes.speedWindow, batchSize: maxBatchSize, batchWindow: Duration.seconds(1) },
  mappingsEnabled: true,
  recompute: {
    every: Duration.hours(1),
    scheduled: true,
    pollInterval: Duration.seconds(15),
    retryInterval: Duration.seconds(5),
    retryAttempts: 4,
    timeLimit: Duration.hours(6),
    silentAfter: Duration.minutes(30),
    speedRetention: Duration.hours(168),
    maxDrift: 0.05,
  },
  alarms: { behindAfter: Duration.minutes(30), atRiskAfter: Duration.days(2), recomputesMissed: 3 },
  warehouse: { kind: 'serverless', database: 'tidemark', baseCapacity: 8, maxCapacity: 32 },
  warehouseDialect: 'redshift',
  cache: { kind: 'serverless', maxData: Size.gibibytes(5), maxRequestUnitsPerSecond: 20_000 },
  spark: {
    kind: 'serverless',
    releaseLabel: 'emr-7.14.0',
    maxCpus: 40,
    maxMemory: Size.gibibytes(160),
    maxDisk: Size.gibibytes(1000),
    idleTimeout: Duration.minutes(5),
    submitParameters: [
      'spark.driver.cores=2',
      'spark.driver.memory=6g',
      'spark.executor.cores=4',
      'spark.executor.memory=13g',
      'spark.dynamicAllocation.maxExecutors=8',
    ]
      .map((setting) => `--conf ${setting}`)
      .join(' '),
    timeLimit: Duration.hours(3),
  },
  api: { authorization: 'iam', baseUrl: null },
  removalPolicy: RemovalPolicy.RETAIN,
  logRetention: Duration.days(30),
  environment: {},
})

const local = (ports: LocalPorts): Stage => {
  const at = (port: number): string => `http://127.0.0.1:${port}`
  return {
    ...sizes,
    name: 'local',
    duplicatesWindow,
    entityOverlap,
    stream: { shards: 4, retention: Duration.days(7) },
    archive: { ...sizes.archive, batchSize: maxBatchSize, batchWindow: Duration.seconds(5) },
    speedTable: { ...sizes.speedTable, batchSize: maxBatchSize, batchWindow: Duration.seconds(5) },
    speedWindow: { ...sizes.speedWindow, batchSize: maxBatchSize, batchWindow: Duration.seconds(1) },
    mappingsEnabled: false,
    recompute: {
      every: Duration.hours(1),
      scheduled: false,
      pollInterval: Duration.seconds(1),
      retryInterval: Duration.seconds(1),
      retryAttempts: 2,
      timeLimit: Duration.hours(2),
      silentAfter: Duration.minutes(2),
      speedRetention: Duration.hours(168),
      maxDrift: 0.05,
    },
    alarms: null,
    warehouse: {
      kind: 'outside',
      workgroup: 'tidemark-local',
      database: 'tidemark',
      copyRoleArn: 'arn:aws:iam::000000000000:role/tidemark-local-copy',
    },
    warehouseDialect: 'postgres',
    cache: { kind: 'outside', endpoint: `127.0.0.1:${ports.valkey}`, tls: false },
    spark: {
      kind: 'outside',
      applicationId: 'local',
      roleArn: 'arn:aws:iam::000000000000:role/tidemark-local-spark',
      submitParameters: '--conf spark.sql.shuffle.partitions=4',
      timeLimit: Duration.hours(1),
    },
    api: { authorization: 'none', baseUrl: `${at(ports.emulator)}/_aws/execute-api` },
    removalPolicy: RemovalPolicy.DESTROY,
    logRetention: Duration.days(7),
    environment: {
      AWS_ENDPOINT_URL: at(ports.emulator),
      AWS_ENDPOINT_URL_REDSHIFT_DATA: at(ports.warehouse),
      AWS_ENDPOINT_URL_EMR_SERVERLESS: at(ports.spark),
    },
  }
}

const isFreshness = (name: string): name is Freshness => Object.hasOwn(freshnesses, name)

/** @throws for a name that no stage, or no freshness, has. */
export const stageNamed = (name: string, from: { ports: LocalPorts; freshness?: string | undefined }): Stage => {
  const freshness = from.freshness ?? 'live'
  if (!isFreshness(freshness))
    throw new Error(`No freshness is called ${freshness}; there are ${Object.keys(freshnesses).join(', ')}.`)
  if (name === 'local') return local(from.ports)
  if (name === 'prod') return prod(freshness)
  throw new Error(`No stage is called ${name}; there are local and prod (\`-c stage=NAME\`).`)
}
