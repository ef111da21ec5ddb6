import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { quoted } from '../messages.ts'
import { type Resource, resourcesOf, type Synthesized, synthesize } from './synthesis.ts'

describe('the alarms', () => {
  let prod: Synthesized
  let alarms: Record<string, Resource['Properties']>
  beforeAll(() => {
    prod = synthesize('prod')
    alarms = Object.fromEntries(
      resourcesOf(prod.stateless, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [
        Properties.AlarmName.replace('tidemark-prod-', ''),
        Properties,
      ]),
    )
  })

  const functionOf = (metric: { Dimensions: { Name: string; Value: { Ref: string } }[] }): string => {
    const [dimension] = metric.Dimensions
    const found = resourcesOf(prod.stateless, 'AWS::Lambda::Function').find(([id]) => id === dimension?.Value.Ref)
    return `${dimension?.Name} ${found?.[1].Properties.FunctionName}`
  }

  it.each([
    ['Archive', 'archive'],
    ['SpeedTable', 'speed-table'],
    ['SpeedWindow', 'speed-window'],
  ])('watch %s: behind, at risk well before the stream forgets, failing, and not invoked', (alarm, name) => {
    const named = `FunctionName tidemark-prod-${name}`
    const [behind, atRisk, failing] = ['Behind', 'AtRisk', 'Failing'].map((kind) => alarms[`${alarm}${kind}`])
    for (const aged of [behind, atRisk]) {
      expect(aged).toMatchObject({ Namespace: 'AWS/Lambda', MetricName: 'IteratorAge', Statistic: 'Maximum' })
      expect(functionOf(aged)).toBe(named)
    }
    expect(behind.Threshold).toBeLessThan(atRisk.Threshold)
    expect(atRisk.Threshold).toBeLessThanOrEqual(prod.stage.stream.retention.toMilliseconds() / 3)
    expect(failing).toMatchObject({ MetricName: 'Errors', Statistic: 'Sum', Threshold: 1, EvaluationPeriods: 3 })
    expect(functionOf(failing)).toBe(named)
    const metrics: Resource['Properties'][] = alarms[`${alarm}Silent`].Metrics
    expect(metrics.map(({ MetricStat }) => MetricStat?.Metric.MetricName).filter(Boolean)).toEqual([
      'IncomingRecords',
      'Invocations',
    ])
    expect(functionOf(metrics[2].MetricStat.Metric)).toBe(named)
    // A consumer waits for records that long before it is invoked, and is not silent meanwhile.
    for (const { batchWindow } of [prod.stage.archive, prod.stage.speedTable, prod.stage.speedWindow])
      expect(metrics[1].MetricStat.Period).toBeGreaterThanOrEqual(2 * batchWindow.toSeconds())
  })

  it('watch the recompute: one that did not end well, and none that did', () => {
    const { Metrics } = alarms.RecomputeFailed
    expect(
      Metrics.map(({ MetricStat }: Resource['Properties']) => MetricStat?.Metric.MetricName).filter(Boolean),
    ).toEqual(['ExecutionsFailed', 'ExecutionsAborted', 'ExecutionsTimedOut'])
    expect(alarms.RecomputeMissing).toMatchObject({
      MetricName: 'ExecutionsSucceeded',
      ComparisonOperator: 'LessThanOrEqualToThreshold',
      Threshold: 0,
      Period: prod.stage.recompute.every.toSeconds(),
      TreatMissingData: 'breaching',
    })
  })

  it('watch for a recompute that was held, from one to the next', () => {
    const held = alarms.RecomputeHeld
    expect(held).toMatchObject({
      Statistic: 'Sum',
      Threshold: 1,
      DatapointsToAlarm: 1,
      TreatMissingData: 'notBreaching',
    })
    expect(held.Period * held.EvaluationPeriods).toBeGreaterThan(prod.stage.recompute.every.toSeconds())
    const [filter] = resourcesOf(prod.stateless, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties)
    expect(filter.MetricTransformations).toEqual([
      { MetricNamespace: held.Namespace, MetricName: held.MetricName, MetricValue: '1' },
    ])
    const [log] = resourcesOf(prod.stateless, 'AWS::Logs::LogGroup').filter(([id]) => id === filter.LogGroupName.Ref)
    expect(log?.[1].Properties.LogGroupName).toBe('/aws/lambda/tidemark-prod-batch')
  })

  it('each tell the topic, and name a heading of the runbook', () => {
    const headings = [...readFileSync(join(__dirname, '../../docs/runbook.md'), 'utf8').matchAll(/^#+ (.*)$/gm)].map(
      ([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
    )
    const [[topic] = []] = resourcesOf(prod.stateless, 'AWS::SNS::Topic')
    expect(Object.keys(alarms)).toHaveLength(15)
    for (const [name, { AlarmDescription, AlarmActions }] of Object.entries(alarms)) {
      const text: string = typeof AlarmDescription === 'string' ? AlarmDescription : JSON.stringify(AlarmDescription)
      expect([name, headings]).toEqual([name, expect.arrayContaining([/runbook\.md#([\w-]+)/.exec(text)?.[1]])])
      expect([name, AlarmActions]).toEqual([name, [{ Ref: topic }]])
    }
  })

  const described = (name: string): string => {
    const text: string | { 'Fn::Join': [string, (string | { Ref: string })[]] } = alarms[name].AlarmDescription
    if (typeof text === 'string') return text
    const functions = Object.fromEntries(resourcesOf(prod.stateless, 'AWS::Lambda::Function'))
    return text['Fn::Join'][1]
      .map((part) => (typeof part === 'string' ? part : functions[part.Ref]?.Properties.FunctionName))
      .join('')
  }

  it('say in words what stands still', () => {
    expect(described('SpeedTableFailing')).toMatch(quoted('speedTableFailing'))
    expect(described('RecomputeFailed')).toMatch(quoted('recomputeFailed'))
    expect(described('RecomputeMissing')).toMatch(quoted('recomputeMissing'))
    expect(described('RecomputeHeld')).toMatch(quoted('recomputeHeld'))
    expect(described('ArchiveAtRisk')).toMatch(quoted('archiveAtRisk'))
  })

  it('are not on a laptop, where nothing measures', () => {
    expect(resourcesOf(synthesize('local').stateless, 'AWS::CloudWatch::Alarm')).toEqual([])
  })
})
