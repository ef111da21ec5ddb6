import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CancelJobRunCommand,
  EMRServerlessClient,
  GetApplicationCommand,
  GetJobRunCommand,
  ListJobRunsCommand,
  StartJobRunCommand,
} from '@aws-sdk/client-emr-serverless'
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { startEmulator } from '../../../localstack/emulator.ts'
import type { Running } from '../../../localstack/running.ts'
import { startSparkEndpoint } from '../../../localstack/spark/endpoint.ts'
import { sparkCommand } from '../../../localstack/spark/submit.ts'
import { venvDir } from '../../../localstack/venv.ts'
import { countJob, endlessJob, failingDriver, failingJob } from './jobs.ts'

const s3EndpointUrl = 'http://127.0.0.1:22510'
const port = 22_520
const applicationId = 'local'
const folder = mkdtempSync(join(tmpdir(), 'tidemark-spark-'))
const stateDir = join(folder, 'spark')
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const s3 = new S3Client({ endpoint: s3EndpointUrl, region: 'us-east-1', forcePathStyle: true, credentials })
const emr = new EMRServerlessClient({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials })
let emulator: Running
let endpoint: Running

const startEndpoint = () =>
  startSparkEndpoint({ port, s3EndpointUrl, stateDir, venvDir, log: () => undefined, minuteMs: 15_000 })
const putObject = (Key: string, Body: string | Buffer) => s3.send(new PutObjectCommand({ Bucket: 'data', Key, Body }))

beforeAll(async () => {
  emulator = await startEmulator({ port: 22_510, stateDir: join(folder, 'emulator'), log: () => undefined })
  endpoint = await startEndpoint()
  await s3.send(new CreateBucketCommand({ Bucket: 'data' }))
  mkdirSync(join(folder, 'archive'))
  writeFileSync(join(folder, 'archive', 'greeting.txt'), 'ahoy')
  execFileSync('tar', ['-czf', join(folder, 'worker.tgz'), '-C', join(folder, 'archive'), '.'])
  await putObject('worker.tgz', readFileSync(join(folder, 'worker.tgz')))
  await putObject('names.txt', 'ann\nbob\n')
  await putObject('count.py', countJob)
  await putObject('fail.py', failingJob)
  await putObject('fail-driver.py', failingDriver)
  await putObject('endless.py', endlessJob)
})
afterAll(async () => {
  await endpoint.stop()
  await emulator.stop()
  emr.destroy()
  s3.destroy()
  rmSync(folder, { recursive: true, force: true })
})

const begin = async (
  job: string,
  args: string[],
  more: { token?: string; minutes?: number; parameters?: string } = {},
) => {
  const sparkSubmit = { entryPoint: `s3://data/${job}`, entryPointArguments: args }
  const { jobRunId = '' } = await emr.send(
    new StartJobRunCommand({
      applicationId,
      name: job,
      executionRoleArn: 'arn:aws:iam::000000000000:role/spark',
      jobDriver: { sparkSubmit: { ...sparkSubmit, sparkSubmitParameters: more.parameters ?? '' } },
      ...(more.token === undefined ? {} : { clientToken: more.token }),
      ...(more.minutes === undefined ? {} : { executionTimeoutMinutes: more.minutes }),
    }),
  )
  return jobRunId
}
const look = async (jobRunId: string) => {
  const { jobRun } = await emr.send(new GetJobRunCommand({ applicationId, jobRunId }))
  if (!jobRun) throw new Error(`No job run ${jobRunId}`)
  return jobRun
}
const untilState = async (jobRunId: string, ...states: string[]) => {
  for (;;) {
    const run = await look(jobRunId)
    if (states.includes(run.state ?? '')) return run
    if (['SUCCESS', 'FAILED', 'CANCELLED'].includes(run.state ?? ''))
      throw new Error(`${jobRunId} became ${run.state}: ${run.stateDetails}`)
    await sleep(100)
  }
}
const untilWritten = async (path: string) => {
  while (!existsSync(path) || readFileSync(path, 'utf8') === '') await sleep(100)
  return readFileSync(path, 'utf8').split(' ').map(Number)
}
/** One that has ended and that nobody waited for lives no more. */
const lives = (pid: number): boolean => {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout
  return state !== '' && !state.startsWith('Z')
}
const linesIn = (jobRunId: string) => readFileSync(join(stateDir, 'runs', jobRunId, 'stdout.log'), 'utf8').split('\n')

test('a job runs with its arguments, settings and archive, and reads and writes s3://', async () => {
  const parameters = '--conf spark.archives=s3://data/worker.tgz#worker --conf spark.sql.shuffle.partitions=3'
  const target = 's3://data/results/one/'
  const jobRunId = await begin('count.py', ['s3://data/names.txt', target], { token: 'one', parameters })
  const run = await untilState(jobRunId, 'SUCCESS')
  expect(linesIn(jobRunId)).toEqual(['driver: ahoy', "lines: ['ahoy ann', 'ahoy bob']", 'rows: 2 3', ''])
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'data', Prefix: 'results/one/' }))
  expect(Contents?.some(({ Key }) => Key?.endsWith('.parquet'))).toBe(true)
  expect(run).toMatchObject({ name: 'count.py', applicationId, jobRunId, attempt: 1, executionTimeoutMinutes: 720 })
  expect(run.endedAt?.getTime()).toBeGreaterThan(run.startedAt?.getTime() ?? Number.POSITIVE_INFINITY)

  expect(await begin('count.py', ['s3://data/names.txt', target], { token: 'one', parameters })).toBe(jobRunId)
  await expect(begin('count.py', ['other'], { token: 'one', parameters })).rejects.toThrow(
    expect.objectContaining({ name: 'ConflictException' }),
  )
})

test('the driver’s Java maps Spark’s classes as setup archived them', async () => {
  const loaded = join(folder, 'loaded.log')
  const parameters = `--conf spark.driver.extraJavaOptions=-Xlog:class+load:file=${loaded}`
  await untilState(await begin('fail.py', [], { parameters }), 'FAILED')
  const classes = readFileSync(loaded, 'utf8').split('\n')
  const mapped = classes.filter((line) => line.endsWith('shared objects file (top)'))
  expect(mapped.length).toBeGreaterThan(classes.length / 2)
})

test('a failed job says why, and where its log is', async () => {
  const run = await untilState(await begin('fail.py', []), 'FAILED')
  expect(run.stateDetails).toMatch(/^ValueError: there is no such event \(exit 1; the driver's log: .*stderr\.log\)$/)
  const driver = await untilState(await begin('fail-driver.py', []), 'FAILED')
  expect(driver.stateDetails).toMatch(/^OSError: the store does not answer \(exit 1; .*stdout\.log\)$/)
  const missing = await untilState(await begin('missing.py', []), 'FAILED')
  expect(missing.stateDetails).toContain('s3://data/missing.py could not be downloaded')
})

test('two jobs run at once and a third waits; cancelling ends a job’s whole process group', async () => {
  const files = ['a', 'b'].map((name) => join(folder, `pids-${name}`))
  const [first = '', second = ''] = await Promise.all(files.map((file) => begin('endless.py', [file])))
  const third = await begin('endless.py', [join(folder, 'pids-c')])
  expect((await look(third)).state).toBe('QUEUED')
  const pids = (await Promise.all(files.map(untilWritten))).flat()
  expect(pids).toHaveLength(4)
  expect(pids.every(lives)).toBe(true)
  const { jobRuns } = await emr.send(new ListJobRunsCommand({ applicationId, states: ['RUNNING'] }))
  expect(jobRuns?.map(({ id }) => id).toSorted()).toEqual([first, second].toSorted())

  for (const jobRunId of [third, first, second]) await emr.send(new CancelJobRunCommand({ applicationId, jobRunId }))
  for (const jobRunId of [third, first, second]) await untilState(jobRunId, 'CANCELLED')
  expect(pids.filter(lives)).toEqual([])
  await expect(emr.send(new CancelJobRunCommand({ applicationId, jobRunId: first }))).rejects.toThrow(
    expect.objectContaining({ name: 'ValidationException' }),
  )
})

test('a job that runs past its limit is cancelled', async () => {
  const run = await untilState(await begin('endless.py', [join(folder, 'pids-late')], { minutes: 1 }), 'CANCELLED')
  expect(run.stateDetails).toBe('Cancelled: it ran longer than its limit of 1 minutes.')
})

test('a run that the endpoint’s end cut off has failed after the next start, and says why', async () => {
  const file = join(folder, 'pids-restart')
  const jobRunId = await begin('endless.py', [file])
  const pids = await untilWritten(file)
  const recordPath = join(stateDir, 'runs', jobRunId, 'run.json')
  const running = readFileSync(recordPath, 'utf8')
  expect(JSON.parse(running).state).toBe('RUNNING')
  await endpoint.stop()
  expect(pids.filter(lives)).toEqual([])
  expect(JSON.parse(readFileSync(recordPath, 'utf8'))).toMatchObject({
    state: 'FAILED',
    stateDetails: expect.stringContaining('was stopped'),
  })
  // As a kill -9 leaves it.
  writeFileSync(recordPath, running)
  endpoint = await startEndpoint()
  const run = await look(jobRunId)
  expect(run.state).toBe('FAILED')
  expect(run.stateDetails).toContain('ended while the job run was RUNNING')
})

test('what is not implemented is refused by name', async () => {
  await expect(begin('count.py', [], { parameters: '--class Main' })).rejects.toThrow(
    expect.objectContaining({ name: 'ValidationException', message: expect.stringContaining('--class') }),
  )
  await expect(emr.send(new GetJobRunCommand({ applicationId, jobRunId: '00none' }))).rejects.toThrow(
    expect.objectContaining({ name: 'ResourceNotFoundException' }),
  )
  const { application } = await emr.send(new GetApplicationCommand({ applicationId }))
  expect(application?.state).toBe('STARTED')
})

test('the same job runs in executors of their own, each with its copy of the archive', async () => {
  const workDir = join(folder, 'cluster')
  mkdirSync(join(workDir, 'worker'), { recursive: true })
  writeFileSync(join(workDir, 'worker', 'greeting.txt'), 'driver')
  const script = join(folder, 'count.py')
  writeFileSync(script, countJob)
  const { command, args, env, cwd } = sparkCommand({
    ...{ venvDir, master: 'local-cluster[2,1,1024]', s3EndpointUrl, workDir, script },
    arguments: ['s3://data/names.txt', 's3://data/results/cluster/'],
    archives: [{ path: join(folder, 'worker.tgz'), folder: 'worker' }],
    settings: new Map(),
  })
  const output = execFileSync(command, args, { env, cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  expect(output.split('\n')).toEqual(['driver: driver', "lines: ['ahoy ann', 'ahoy bob']", 'rows: 2 200', ''])
})
