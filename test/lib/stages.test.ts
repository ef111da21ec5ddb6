import { Duration } from 'aws-cdk-lib'
import { retentionOf } from '../../lib/log-retention.ts'
import { freshnesses, stageNamed } from '../../lib/stages.ts'

const ports = { emulator: 4566, warehouse: 4567, spark: 4569, valkey: 4570 }

it('names the stages there are where another is asked for', () => {
  expect(() => stageNamed('staging', { ports })).toThrow('No stage is called staging; there are local and prod')
  expect(() => stageNamed('prod', { ports, freshness: 'toString' })).toThrow(
    'No freshness is called toString; there are live, standard, economy.',
  )
})

it('writes the speed table as often as the freshness says', () => {
  for (const freshness of Object.keys(freshnesses) as (keyof typeof freshnesses)[])
    expect(stageNamed('prod', { ports, freshness }).speedTable.batchWindow).toBe(freshnesses[freshness])
})

// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
it.each(['local', 'prod'])('keeps within the limits of event source mappings: %s', (name) => {
  const stage = stageNamed(name, { ports })
  for (const { batchSize, batchWindow } of [stage.archive, stage.speedTable, stage.speedWindow]) {
    expect(batchSize).toBeLessThanOrEqual(10_000)
    expect(batchWindow.toSeconds()).toBeLessThanOrEqual(300)
  }
  for (const freshness of Object.values(freshnesses)) expect(freshness.toSeconds()).toBeLessThanOrEqual(300)
})

it.each(['local', 'prod'])('stops the job before the state machine that waits for it: %s', (name) => {
  const { spark, recompute } = stageNamed(name, { ports })
  expect(spark.timeLimit.toSeconds()).toBeLessThan(recompute.timeLimit.toSeconds())
})

it('takes no run for lost while a step of it is tried', () => {
  const { batch, recompute } = stageNamed('prod', { ports })
  const { retryInterval, retryAttempts, pollInterval, silentAfter } = recompute
  const longestWait = Math.max(retryInterval.toSeconds() * 2 ** (retryAttempts - 1), pollInterval.toSeconds())
  expect(silentAfter.toSeconds()).toBeGreaterThan(batch.timeout.toSeconds() + longestWait)
})

it('points the local functions at the ports it is given', () => {
  const { environment, cache } = stageNamed('local', { ports })
  expect(environment).toEqual({
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
    AWS_ENDPOINT_URL_REDSHIFT_DATA: 'http://127.0.0.1:4567',
    AWS_ENDPOINT_URL_EMR_SERVERLESS: 'http://127.0.0.1:4569',
  })
  expect(cache).toMatchObject({ endpoint: '127.0.0.1:4570' })
  expect(stageNamed('prod', { ports }).environment).toEqual({})
})

it('refuses a log retention that CloudWatch Logs does not know', () => {
  expect(retentionOf(stageNamed('prod', { ports }).logRetention)).toBe(30)
  expect(() => retentionOf(Duration.days(2))).toThrow('CloudWatch Logs keeps no log for 2 days')
})
