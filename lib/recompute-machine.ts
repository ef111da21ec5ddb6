import { RemovalPolicy } from 'aws-cdk-lib'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import {
  Choice,
  Condition,
  DefinitionBody,
  Fail,
  type IChainable,
  JitterType,
  JsonPath,
  LogLevel,
  StateMachine,
  Succeed,
  TaskInput,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions'
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks'
import { Construct } from 'constructs'
import { retentionOf } from './log-retention.ts'
import type { Stage } from './stages.ts'

interface RecomputeMachineProps {
  readonly stage: Stage
  /** Runs every step. */
  readonly batch: IFunction
}

/** What every step but the first is given besides its name. */
const theRun = { run: JsonPath.entirePayload }

/** The recompute as drawn in docs/architecture.md: each step's answer, the whole run, replaces the state. */
export class RecomputeMachine extends Construct {
  readonly machine: StateMachine
  readonly #stage: Stage
  readonly #batch: IFunction
  readonly #recordFailure: LambdaInvoke

  constructor(scope: Construct, id: string, { stage, batch }: RecomputeMachineProps) {
    super(scope, id)
    this.#stage = stage
    this.#batch = batch
    this.#recordFailure = this.failurePath()
    const stateMachineName = `tidemark-${stage.name}-recompute`
    this.machine = new StateMachine(this, 'StateMachine', {
      stateMachineName,
      definitionBody: DefinitionBody.fromChainable(this.definition()),
      timeout: stage.recompute.timeLimit,
      logs: {
        level: LogLevel.ERROR,
        includeExecutionData: true,
        destination: new LogGroup(this, 'Log', {
          logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
          retention: retentionOf(stage.logRetention),
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
    })
  }

  private definition(): IChainable {
    const finish = this.finishing()
    const load = this.polling({ start: 'StartLoad', wait: 'WaitForLoad', poll: 'PollLoad', done: '$.loadDone' }, finish)
    const recompute = this.polling(
      { start: 'StartRecompute', wait: 'WaitForRecompute', poll: 'PollRecompute', done: '$.jobDone' },
      load,
    )
    const seal = this.step('Seal', {
      executionName: JsonPath.stringAt('$$.Execution.Name'),
      startedAt: JsonPath.stringAt('$$.Execution.StartTime'),
      full: JsonPath.objectAt('$.full'),
      promote: JsonPath.objectAt('$.promote'),
      reloadDatasetId: JsonPath.objectAt('$.reloadDatasetId'),
    })
    // No other value is known, so any other fails the execution.
    return seal.next(
      new Choice(this, 'WhatIsNew')
        .when(Condition.stringEquals('$.next', 'nothing'), new Succeed(this, 'NothingNew'))
        // Not a failure, or each slow run would raise the alarm once an hour: the one under way does what this would.
        .when(Condition.stringEquals('$.next', 'busy'), new Succeed(this, 'Busy'))
        .when(Condition.stringEquals('$.next', 'recompute'), recompute)
        .when(Condition.stringEquals('$.next', 'load'), load),
    )
  }

  /** Starts something, and looks at it until it is done. Errors and the machine's time limit end the loop too. */
  private polling(
    names: { readonly start: string; readonly wait: string; readonly poll: string; readonly done: string },
    next: IChainable,
  ): IChainable {
    const wait = new Wait(this, names.wait, { time: WaitTime.duration(this.#stage.recompute.pollInterval) })
    wait
      .next(this.step(names.poll, theRun))
      .next(
        new Choice(this, `Is${names.poll}Done`).when(Condition.booleanEquals(names.done, true), next).otherwise(wait),
      )
    return this.step(names.start, theRun).next(wait)
  }

  private finishing(): IChainable {
    const promote = this.step('Promote', theRun).next(this.step('Prune', theRun)).next(new Succeed(this, 'Done'))
    return this.step('Compare', theRun).next(
      new Choice(this, 'MayPromote')
        .when(Condition.stringEquals('$.next', 'promote'), promote)
        .when(Condition.stringEquals('$.next', 'hold'), new Succeed(this, 'Held')),
    )
  }

  /** Keeps the error in the state, so that the execution ends with the step's own words. */
  private failurePath(): LambdaInvoke {
    const failed = new Fail(this, 'Failed', { errorPath: '$.error.Error', causePath: '$.error.Cause' })
    const record = this.task(
      'RecordFailure',
      {
        ...theRun,
        executionName: JsonPath.stringAt('$$.Execution.Name'),
        error: JsonPath.objectAt('$.error'),
      },
      JsonPath.DISCARD,
    )
    record.addCatch(failed, { resultPath: JsonPath.DISCARD })
    record.next(failed)
    return record
  }

  private step(id: string, payload: Record<string, unknown>): LambdaInvoke {
    const task = this.task(id, payload)
    task.addCatch(this.#recordFailure, { resultPath: '$.error' })
    return task
  }

  /** Each step may run twice without harm, so whatever fails is tried again before it counts. */
  private task(id: string, payload: Record<string, unknown>, resultPath?: string): LambdaInvoke {
    const { retryInterval, retryAttempts } = this.#stage.recompute
    const task = new LambdaInvoke(this, id, {
      lambdaFunction: this.#batch,
      payload: TaskInput.fromObject({ step: `${id.charAt(0).toLowerCase()}${id.slice(1)}`, ...payload }),
      payloadResponseOnly: true,
      retryOnServiceExceptions: false,
      ...(resultPath === undefined ? {} : { resultPath }),
    })
    task.addRetry({
      errors: ['States.ALL'],
      interval: retryInterval,
      maxAttempts: retryAttempts,
      backoffRate: 2,
      jitterStrategy: JitterType.FULL,
    })
    return task
  }
}
