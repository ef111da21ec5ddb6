/** All that any of the functions is told by its stage: nothing answers there. */
const environment = {
  TIDEMARK_STAGE: 'test',
  DATA_BUCKET: 'lake',
  STREAM_NAME: 'events',
  CACHE_ENDPOINT: '127.0.0.1:1',
  CACHE_TLS: 'false',
  ENTITY_OVERLAP_HOURS: '1',
  WAREHOUSE_WORKGROUP: 'tidemark-test',
  WAREHOUSE_DATABASE: 'tidemark',
  WAREHOUSE_DIALECT: 'redshift',
  WAREHOUSE_COPY_ROLE_ARN: 'arn:aws:iam::000000000000:role/copy',
  SPARK_APPLICATION_ID: 'one',
  SPARK_ROLE_ARN: 'arn:aws:iam::000000000000:role/spark',
  SPARK_JOB_URI: 's3://assets/job.py',
  SPARK_WORKER_URI: 's3://assets/worker.tgz',
  SPARK_TIMEOUT_MINUTES: '1',
  RECOMPUTE_LIMIT_MINUTES: '1',
  RECOMPUTE_SILENT_MINUTES: '1',
  SPEED_RETENTION_HOURS: '1',
  DUPLICATES_WINDOW_SECONDS: '1',
  MAX_DRIFT: '0',
  AWS_REGION: 'us-east-1',
}

/** For as long as the tests around it run: a handler reads what it is told as it is loaded. */
export const toldByTheStage = (): void => {
  const before = { ...process.env }
  beforeAll(() => void Object.assign(process.env, environment))
  afterAll(() => {
    process.env = before
  })
}
