import { Match } from 'aws-cdk-lib/assertions'
import { resourcesOf, type Synthesized, synthesize } from './synthesis.ts'

const stages: Record<string, Synthesized> = {}
beforeAll(() => {
  for (const name of ['local', 'prod']) stages[name] = synthesize(name, undefined, { limits: [{}] })
})
const at = (name: string): Synthesized => {
  const stage = stages[name]
  if (stage === undefined) throw new Error(`${name} was not synthesized`)
  return stage
}

const functions = ['archive', 'speed-table', 'speed-window', 'batch', 'limits', 'migrate', 'serving']
const warehouse = ['WAREHOUSE_DATABASE', 'WAREHOUSE_WORKGROUP']
const duplicates = ['CACHE_ENDPOINT', 'CACHE_TLS', 'DUPLICATES_WINDOW_SECONDS', 'STREAM_NAME']
const variables: Record<string, string[]> = {
  archive: ['DATA_BUCKET'],
  'speed-table': ['DATA_BUCKET', 'WAREHOUSE_COPY_ROLE_ARN', ...warehouse, ...duplicates],
  'speed-window': ['DATA_BUCKET', ...duplicates],
  batch: [
    'DATA_BUCKET',
    'DUPLICATES_WINDOW_SECONDS',
    'MAX_DRIFT',
    'RECOMPUTE_LIMIT_MINUTES',
    'RECOMPUTE_SILENT_MINUTES',
    'SPARK_APPLICATION_ID',
    'SPARK_JOB_URI',
    'SPARK_ROLE_ARN',
    'SPARK_SUBMIT_PARAMETERS',
    'SPARK_TIMEOUT_MINUTES',
    'SPARK_WORKER_URI',
    'SPEED_RETENTION_HOURS',
    'STREAM_NAME',
    'WAREHOUSE_COPY_ROLE_ARN',
    'WAREHOUSE_DIALECT',
    ...warehouse,
  ],
  limits: ['DATA_BUCKET', 'WAREHOUSE_DIALECT', ...warehouse],
  migrate: ['DATA_BUCKET', 'WAREHOUSE_DIALECT', ...warehouse],
  serving: [
    'CACHE_ENDPOINT',
    'CACHE_TLS',
    'DATA_BUCKET',
    'ENTITY_OVERLAP_HOURS',
    'SPEED_RETENTION_HOURS',
    'STREAM_NAME',
    ...warehouse,
  ],
}

describe.each(['local', 'prod'])('stage %s', (name) => {
  it('has each function with the variables that docs/architecture.md names', () => {
    const endpoints = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_EMR_SERVERLESS', 'AWS_ENDPOINT_URL_REDSHIFT_DATA']
    const found = resourcesOf(at(name).stateless, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties)
    expect(found.map(({ FunctionName }) => FunctionName).sort()).toEqual(
      functions.map((each) => `tidemark-${name}-${each}`).sort(),
    )
    for (const { FunctionName, Runtime, Handler, Environment } of found) {
      const own = variables[FunctionName.replace(`tidemark-${name}-`, '')] ?? []
      const secret = name === 'prod' && own.includes('WAREHOUSE_WORKGROUP') ? ['WAREHOUSE_SECRET_ARN'] : []
      const further = name === 'local' ? endpoints : secret
      expect([FunctionName, Runtime, Handler]).toEqual([FunctionName, 'nodejs22.x', 'index.handler'])
      expect([FunctionName, ...Object.keys(Environment.Variables).sort()]).toEqual([
        FunctionName,
        ...['TIDEMARK_STAGE', ...own, ...further].sort(),
      ])
    }
  })

  it('watches limits where there are any', () => {
    const { stateless } = at(name)
    const [[id] = []] = resourcesOf(stateless, 'AWS::Lambda::Function').filter(
      ([, { Properties }]) => Properties.FunctionName === `tidemark-${name}-limits`,
    )
    const target = { Arn: { 'Fn::GetAtt': [id, 'Arn'] } }
    stateless.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Target: target,
    })
    stateless.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'events:PutEvents' })]) },
    })
    const without = resourcesOf(synthesize(name).stateless, 'AWS::Lambda::Function')
    expect(without.some(([, { Properties }]) => Properties.FunctionName === `tidemark-${name}-limits`)).toBe(false)
  })

  it('never gives a record up, nor takes one out of order', () => {
    const mappings = resourcesOf(at(name).stateless, 'AWS::Lambda::EventSourceMapping')
    expect(mappings).toHaveLength(3)
    for (const [, { Properties }] of mappings)
      expect(Properties).toMatchObject({
        Enabled: name === 'prod',
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 10_000,
        ParallelizationFactor: 1,
        MaximumRetryAttempts: -1,
        MaximumRecordAgeInSeconds: -1,
        BisectBatchOnFunctionError: false,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      })
  })

  it('migrates the warehouse before a new model reaches the functions that use it', () => {
    const [migration] = resourcesOf(at(name).stateless, 'AWS::CloudFormation::CustomResource')
    expect(migration?.[1].Properties).toMatchObject({ ModelVersion: '0123456789ab', ServiceTimeout: 300 })
    const dependent = resourcesOf(at(name).stateless, 'AWS::Lambda::Function')
      .filter(([, { DependsOn }]) => DependsOn?.includes(migration?.[0] ?? ''))
      .map(([, { Properties }]) => Properties.FunctionName)
    expect(dependent.sort()).toEqual(
      ['batch', 'limits', 'serving', 'speed-table'].map((each) => `tidemark-${name}-${each}`),
    )
  })

  it('tells the command line where its parts are', () => {
    expect(Object.keys(at(name).stateless.findOutputs('*')).sort()).toEqual([
      ...(name === 'prod' ? ['AlarmTopicArn'] : []),
      'ApiUrl',
      'BatchFunctionName',
      'DataBucketName',
      'DuplicatesWindowSeconds',
      'ModelVersion',
      'StateMachineArn',
      'StreamName',
      'WarehouseDatabase',
      'WarehouseWorkgroup',
    ])
  })

  it('starts the recompute with its whole input', () => {
    at(name).stateless.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 hour)',
      State: name === 'prod' ? 'ENABLED' : 'DISABLED',
      Target: Match.objectLike({ Input: '{"full":false,"promote":true,"reloadDatasetId":null}' }),
    })
  })

  it('tells the batch function of executions stopped from outside', () => {
    const [rule] = resourcesOf(at(name).stateless, 'AWS::Events::Rule')
    expect(rule?.[1].Properties.EventPattern.detail.status).toEqual(['ABORTED', 'TIMED_OUT', 'FAILED'])
    const { InputTemplate, InputPathsMap } = rule?.[1].Properties.Targets[0].InputTransformer ?? {}
    expect(InputTemplate).toBe(
      '{"step":"recordFailure","executionName":<detail-name>,"error":{"Error":<detail-status>,"Cause":"The execution ended as <detail-status>."}}',
    )
    expect(InputPathsMap).toEqual({ 'detail-name': '$.detail.name', 'detail-status': '$.detail.status' })
  })

  it('lets the batch function find, watch and cancel jobs where it may start them', () => {
    const statements = resourcesOf(at(name).stateless, 'AWS::IAM::Policy').flatMap(
      ([, { Properties }]) => Properties.PolicyDocument.Statement,
    )
    const granted = statements.flatMap(({ Action }) => Action).filter((action) => action.startsWith('emr-serverless:'))
    expect(granted.sort()).toEqual(
      name === 'local'
        ? []
        : ['CancelJobRun', 'GetJobRun', 'ListJobRuns', 'StartJobRun'].map((action) => `emr-serverless:${action}`),
    )
  })

  it('answers exactly the API’s paths', () => {
    const routes = resourcesOf(at(name).stateless, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties)
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual([
      'GET /v1/entities',
      'GET /v1/entities/{name}/{ref}',
      'GET /v1/limits',
      'GET /v1/limits/{name}',
      'GET /v1/metrics',
      'GET /v1/metrics/{name}',
      'GET /v1/profiles',
      'GET /v1/profiles/{name}/{key+}',
      'GET /v1/scores',
      'GET /v1/sessions',
      'GET /v1/sessions/{name}/{key+}',
      'GET /v1/status',
      'GET /v1/windows/{name}',
      'POST /v1/scores/{name}',
    ])
    for (const { AuthorizationType } of routes) expect(AuthorizationType).toBe(name === 'prod' ? 'AWS_IAM' : 'NONE')
  })
})

describe('prod', () => {
  it('keeps everything that holds data, under ids that never change', () => {
    const held = resourcesOf(at('prod').stateful).filter(([, { Type }]) =>
      /Kinesis::Stream|S3::Bucket$|RedshiftServerless|ElastiCache|SecretsManager/.test(Type),
    )
    for (const [id, { DeletionPolicy }] of held) expect([id, DeletionPolicy]).toEqual([id, 'Retain'])
    expect(Object.fromEntries(held.map(([id, { Type }]) => [id, Type]))).toEqual({
      IngestStream404D06C0: 'AWS::Kinesis::Stream',
      Data666C94C7: 'AWS::S3::Bucket',
      WarehouseAdministrator77CAD97A: 'AWS::SecretsManager::Secret',
      WarehouseNamespace78ED5B58: 'AWS::RedshiftServerless::Namespace',
      WarehouseWorkgroup507BB996: 'AWS::RedshiftServerless::Workgroup',
      CacheValkey8BCB8589: 'AWS::ElastiCache::ServerlessCache',
    })
  })

  it('gives no right on every resource, but where IAM has no narrower one', () => {
    const unlimited = [at('prod').stateful, at('prod').stateless]
      .flatMap((template) => resourcesOf(template, 'AWS::IAM::Policy'))
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
      .filter(({ Resource }) => [Resource].flat().includes('*'))
    for (const { Action, Condition } of unlimited) {
      const actions: string[] = [Action].flat()
      // Step Functions' log delivery knows no resources; statements of the Data API are narrowed to their owner.
      if (actions.every((action) => action.startsWith('logs:'))) continue
      expect([actions, Object.keys(Condition?.StringEquals ?? {})]).toEqual([
        ['redshift-data:CancelStatement', 'redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'],
        ['redshift-data:statement-owner-iam-userid'],
      ])
    }
    expect(unlimited.length).toBeGreaterThan(0)
  })

  it('allows no action of a whole service', () => {
    const actions = [at('prod').stateful, at('prod').stateless]
      .flatMap((template) => resourcesOf(template, 'AWS::IAM::Policy'))
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
      .flatMap(({ Action }) => Action)
    expect(actions.filter((action: string) => /^(\*|[^:]+:\*)$/.test(action))).toEqual([])
  })

  it('has a warehouse that is not public and a bucket that takes no plain HTTP', () => {
    const { stateful } = at('prod')
    stateful.hasResourceProperties('AWS::RedshiftServerless::Workgroup', {
      PubliclyAccessible: false,
      BaseCapacity: 8,
      MaxCapacity: 32,
    })
    stateful.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      }),
    })
    stateful.hasResourceProperties('AWS::S3::Bucket', { VersioningConfiguration: { Status: 'Enabled' } })
  })

  it('puts only the functions that reach the cache into the network', () => {
    const inside = resourcesOf(at('prod').stateless, 'AWS::Lambda::Function')
      .filter(([, { Properties }]) => Properties.VpcConfig !== undefined)
      .map(([, { Properties }]) => Properties.FunctionName)
    expect(inside.sort()).toEqual(['serving', 'speed-table', 'speed-window'].map((each) => `tidemark-prod-${each}`))
  })
})

describe('local', () => {
  it('uses only what the emulator has', () => {
    const types = [at('local').stateful, at('local').stateless].flatMap((template) =>
      resourcesOf(template).map(([, { Type }]) => Type),
    )
    expect(types.filter((type) => /EC2|RedshiftServerless|EMRServerless|ElastiCache/.test(type))).toEqual([])
  })
})
