import { ArnFormat, Stack } from 'aws-cdk-lib'
import { CfnApplication } from 'aws-cdk-lib/aws-emrserverless'
import { Grant, type IGrantable, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import type { SparkSettings, Stage } from '../stages.ts'

/** A Spark that runs the recompute job. */
export interface SparkEngine {
  readonly applicationId: string
  readonly jobRoleArn: string
  /** Who reads the job's own files; null where nobody needs a right. */
  readonly jobRole: IGrantable | null
  /** Lets a function start, watch and cancel jobs. */
  grantJobs(grantee: IGrantable): void
}

export const outsideSpark = ({ applicationId, roleArn }: Extract<SparkSettings, { kind: 'outside' }>): SparkEngine => ({
  applicationId,
  jobRoleArn: roleArn,
  jobRole: null,
  grantJobs: () => undefined,
})

interface ServerlessSparkProps {
  readonly stage: Stage
  readonly settings: Extract<SparkSettings, { kind: 'serverless' }>
  readonly bucket: IBucket
}

const service = 'emr-serverless.amazonaws.com'

/** EMR Serverless; it starts when a job comes and stops when none is left. */
export class ServerlessSpark extends Construct implements SparkEngine {
  readonly applicationId: string
  readonly jobRoleArn: string
  readonly jobRole: Role
  readonly #applicationArn: string

  constructor(scope: Construct, id: string, { stage, settings, bucket }: ServerlessSparkProps) {
    super(scope, id)
    const application = new CfnApplication(this, 'Application', {
      name: `tidemark-${stage.name}`,
      type: 'SPARK',
      releaseLabel: settings.releaseLabel,
      // The node packed for the executors is built for this one.
      architecture: 'X86_64',
      autoStartConfiguration: { enabled: true },
      autoStopConfiguration: { enabled: true, idleTimeoutMinutes: settings.idleTimeout.toMinutes() },
      maximumCapacity: {
        cpu: `${settings.maxCpus} vCPU`,
        memory: `${settings.maxMemory.toGibibytes()} GB`,
        disk: `${settings.maxDisk.toGibibytes()} GB`,
      },
    })
    this.applicationId = application.attrApplicationId
    this.#applicationArn = application.attrArn
    this.jobRole = this.roleOfJobs(bucket)
    this.jobRoleArn = this.jobRole.roleArn
  }

  grantJobs(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['emr-serverless:StartJobRun', 'emr-serverless:ListJobRuns'],
      resourceArns: [this.#applicationArn],
    })
    Grant.addToPrincipal({
      grantee,
      actions: ['emr-serverless:GetJobRun', 'emr-serverless:CancelJobRun'],
      resourceArns: [`${this.#applicationArn}/jobruns/*`],
    })
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [this.jobRoleArn],
        conditions: { StringEquals: { 'iam:PassedToService': service } },
      }),
    )
  }

  private roleOfJobs(bucket: IBucket): Role {
    const stack = Stack.of(this)
    const role = new Role(this, 'JobRole', {
      assumedBy: new ServicePrincipal(service, {
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: {
            'aws:SourceArn': stack.formatArn({
              service: 'emr-serverless',
              resource: '/applications',
              resourceName: '*',
              arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
            }),
          },
        },
      }),
    })
    for (const read of ['raw/*', 'jobs/*', 'exclusions/*']) bucket.grantRead(role, read)
    for (const written of ['lake/*', 'results/*', 'manifests/*']) bucket.grantReadWrite(role, written)
    return role
  }
}
