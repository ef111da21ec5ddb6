import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import type { AlarmSettings, Stage } from '../stages.ts'

interface AlarmsProps {
  readonly stage: Stage
  readonly settings: AlarmSettings
  readonly stream: IStream
  /** The stream's consumers, by what a person calls them. */
  readonly consumers: Readonly<Record<ConsumerName, IFunction>>
  readonly stateMachine: StateMachine
  /** The batch function's. */
  readonly batchLog: ILogGroup
  /** null: there are none to watch. */
  readonly limits: IFunction | null
}

const consumerNames = ['Archive', 'SpeedTable', 'SpeedWindow'] as const
type ConsumerName = (typeof consumerNames)[number]

interface Watched {
  readonly metric: IMetric
  readonly threshold: number
  /** How many periods on end. */
  readonly periods: number
  /** In how many of them it must be seen; by default in each. */
  readonly seenIn?: number
  /** What it means, and the heading of docs/runbook.md that says what to do. */
  readonly meaning: string
  readonly heading: string
  /** What no data means: by default that all is well. */
  readonly missing?: TreatMissingData
  /** By default: at or above the threshold. */
  readonly operator?: ComparisonOperator
}

/** Finer than the longest batch window and an invocation: a consumer at rest is then not taken for one that stopped. */
const period = Duration.minutes(10)

/** Tells a person of a layer that stops, long before anything is lost: who is to be told subscribes to the topic. */
export class Alarms extends Construct {
  readonly topic: Topic
  readonly #stage: Stage
  readonly #settings: AlarmSettings

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id)
    const { stage, settings, stream, consumers, stateMachine, batchLog, limits } = props
    this.#stage = stage
    this.#settings = settings
    this.topic = new Topic(this, 'Topic', { topicName: `tidemark-${stage.name}-alarms`, enforceSSL: true })
    for (const name of consumerNames) this.watchConsumer(name, consumers[name], stream)
    this.watchRecompute(stateMachine)
    this.watchHeld(batchLog)
    if (limits !== null) this.watchLimits(limits)
  }

  /**
   * A consumer that fails tries the same records again, and its iterator ages. One that is not even invoked (its mapping
   * is disabled or gone) has no age at all: that shows where records come in and nobody takes them.
   */
  private watchConsumer(name: ConsumerName, consumer: IFunction, stream: IStream): void {
    const { behindAfter, atRiskAfter } = this.#settings
    const age = consumer.metric('IteratorAge', { statistic: Stats.MAXIMUM, period })
    const heading = name === 'Archive' ? 'The archive stands still' : 'A part is behind'
    this.watch(`${name}Behind`, {
      metric: age,
      threshold: behindAfter.toMilliseconds(),
      periods: 1,
      meaning: `Records that ${consumer.functionName} is handed are older than ${behindAfter.toHumanString()}`,
      heading,
    })
    this.watch(`${name}AtRisk`, {
      metric: age,
      threshold: atRiskAfter.toMilliseconds(),
      periods: 1,
      meaning: `The stream forgets records after ${this.#stage.stream.retention.toHumanString()}, and those that ${consumer.functionName} is handed are older than ${atRiskAfter.toHumanString()}`,
      heading,
    })
    this.watch(`${name}Failing`, {
      metric: consumer.metricErrors({ statistic: Stats.SUM, period }),
      threshold: 1,
      periods: 3,
      meaning: `${consumer.functionName} has failed for half an hour`,
      heading,
    })
    const [incoming, invocations] = [
      stream.metricIncomingRecords({ statistic: Stats.SUM, period }),
      consumer.metricInvocations({ statistic: Stats.SUM, period }),
    ]
    this.watch(`${name}Silent`, {
      metric: new MathExpression({
        expression: 'IF(FILL(incoming, 0) > 0 AND FILL(invocations, 0) < 1, 1, 0)',
        usingMetrics: { incoming, invocations },
        label: 'records come in, and nobody takes them',
        period,
      }),
      threshold: 1,
      periods: 3,
      meaning: `Records come in, and ${consumer.functionName} is not invoked: its event source mapping is disabled or gone`,
      heading,
    })
  }

  /** A round that fails leaves all to the next one; after half an hour nobody is told of limits in time. */
  private watchLimits(limits: IFunction): void {
    this.watch('LimitsFailing', {
      metric: limits.metricErrors({ statistic: Stats.SUM, period }),
      threshold: 1,
      periods: 3,
      meaning: `${limits.functionName} has failed for half an hour: limits that are crossed are told late`,
      heading: 'A limit is not told',
    })
  }

  private watchRecompute(machine: StateMachine): void {
    const { recompute } = this.#stage
    const { recomputesMissed } = this.#settings
    const heading = 'A recompute failed'
    const failed = new MathExpression({
      expression: 'failed + aborted + timedOut',
      usingMetrics: {
        failed: machine.metricFailed({ period }),
        aborted: machine.metricAborted({ period }),
        timedOut: machine.metricTimedOut({ period }),
      },
      label: 'recomputes that did not end well',
      period,
    })
    this.watch('RecomputeFailed', {
      metric: failed,
      threshold: 1,
      periods: 1,
      meaning:
        'A recompute failed, was stopped, or took too long; what is served is as it was, unless it failed after its promotion',
      heading,
    })
    if (!recompute.scheduled) return
    this.watch('RecomputeMissing', {
      metric: machine.metricSucceeded({ statistic: Stats.SUM, period: recompute.every }),
      threshold: 0,
      operator: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
      periods: recomputesMissed,
      meaning: `No recompute has ended well for ${recomputesMissed} times in a row`,
      heading,
      missing: TreatMissingData.BREACHING,
    })
  }

  /**
   * An execution that is held ends well for the state machine: only the step's own log tells. Lambda writes a time and a
   * level before each line, so that the filter looks for text, not JSON. It is on until no recompute was held for as
   * long as two take to come, and so stays on from one to the next.
   */
  private watchHeld(batchLog: ILogGroup): void {
    const held = new MetricFilter(this, 'Held', {
      logGroup: batchLog,
      filterPattern: FilterPattern.allTerms('"next":"hold"', '"beyond":["'),
      metricNamespace: 'Tidemark',
      metricName: `tidemark-${this.#stage.name}-recomputes-held`,
      metricValue: '1',
    })
    this.watch('RecomputeHeld', {
      metric: held.metric({ statistic: Stats.SUM, period }),
      threshold: 1,
      periods: Math.ceil((2 * this.#stage.recompute.every.toMinutes()) / period.toMinutes()),
      seenIn: 1,
      meaning: 'A recompute was held, for its drift or for a hole in the archive; what is served is as it was',
      heading: 'A recompute was held: drift',
    })
  }

  private watch(id: string, watched: Watched): void {
    const { metric, threshold, periods, seenIn, meaning, heading, operator, missing } = watched
    const alarm = new Alarm(this, id, {
      alarmName: `tidemark-${this.#stage.name}-${id}`,
      alarmDescription: `${meaning}. What to do: ${runbook(heading)}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      ...(seenIn === undefined ? {} : { datapointsToAlarm: seenIn }),
      comparisonOperator: operator ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
    })
    const tell = new SnsAction(this.topic)
    alarm.addAlarmAction(tell)
    alarm.addOkAction(tell)
  }
}

const runbook = (heading: string): string =>
  `docs/runbook.md#${heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')}`
