import { Grant, type IGrantable, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnNamespace, CfnWorkgroup } from 'aws-cdk-lib/aws-redshiftserverless'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import type { Stage, WarehouseSettings } from '../stages.ts'
import type { Network } from './network.ts'

/** A warehouse that functions reach by the Data API. */
export interface Warehouse {
  readonly workgroup: string
  readonly database: string
  readonly copyRoleArn: string
  /** The administrator's secret; null where the warehouse asks for none. */
  readonly secretArn: string | null
  /** Lets a function run statements, and see its own to their end. */
  grantStatements(grantee: IGrantable): void
}

/** The variables by which a function finds the warehouse. */
export const warehouseEnvironment = (warehouse: Warehouse): Record<string, string> => ({
  WAREHOUSE_WORKGROUP: warehouse.workgroup,
  WAREHOUSE_DATABASE: warehouse.database,
  ...(warehouse.secretArn === null ? {} : { WAREHOUSE_SECRET_ARN: warehouse.secretArn }),
})

/** A warehouse that is there already and asks for no rights. */
export const outsideWarehouse = (settings: Extract<WarehouseSettings, { kind: 'outside' }>): Warehouse => ({
  workgroup: settings.workgroup,
  database: settings.database,
  copyRoleArn: settings.copyRoleArn,
  secretArn: null,
  grantStatements: () => undefined,
})

const adminUsername = 'tidemark_admin'

interface ServerlessWarehouseProps {
  readonly stage: Stage
  readonly settings: Extract<WarehouseSettings, { kind: 'serverless' }>
  readonly network: Network
  readonly bucket: IBucket
}

/**
 * Redshift Serverless, not public. Its administrator's secret is ours rather than one that Redshift manages, because
 * CloudFormation doesn't tell the ARN of that one, and functions need it.
 */
export class ServerlessWarehouse extends Construct implements Warehouse {
  readonly workgroup: string
  readonly database: string
  readonly copyRoleArn: string
  readonly secretArn: string
  readonly #workgroupArn: string

  constructor(scope: Construct, id: string, { stage, settings, network, bucket }: ServerlessWarehouseProps) {
    super(scope, id)
    const copyRole = new Role(this, 'CopyRole', { assumedBy: new ServicePrincipal('redshift.amazonaws.com') })
    for (const loaded of ['staging/*', 'results/*']) bucket.grantRead(copyRole, loaded)
    const secret = new Secret(this, 'Administrator', {
      description: 'Tidemark: the administrator of the warehouse',
      removalPolicy: stage.removalPolicy,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: adminUsername }),
        generateStringKey: 'password',
        passwordLength: 48,
        excludePunctuation: true,
        requireEachIncludedType: true,
      },
    })
    const name = `tidemark-${stage.name}`
    const namespace = new CfnNamespace(this, 'Namespace', {
      namespaceName: name,
      dbName: settings.database,
      adminUsername,
      adminUserPassword: secret.secretValueFromJson('password').unsafeUnwrap(),
      iamRoles: [copyRole.roleArn],
      defaultIamRoleArn: copyRole.roleArn,
      logExports: ['userlog', 'connectionlog'],
    })
    const workgroup = new CfnWorkgroup(this, 'Workgroup', {
      workgroupName: name,
      namespaceName: namespace.ref,
      baseCapacity: settings.baseCapacity,
      maxCapacity: settings.maxCapacity,
      publiclyAccessible: false,
      subnetIds: network.vpc.selectSubnets(network.subnets).subnetIds,
      securityGroupIds: [network.warehouse.securityGroupId],
      configParameters: [{ parameterKey: 'require_ssl', parameterValue: 'true' }],
    })
    for (const resource of [namespace, workgroup]) resource.applyRemovalPolicy(stage.removalPolicy)
    this.workgroup = workgroup.ref
    this.database = settings.database
    this.copyRoleArn = copyRole.roleArn
    this.secretArn = secret.secretArn
    this.#workgroupArn = workgroup.attrWorkgroupWorkgroupArn
  }

  grantStatements(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['redshift-data:ExecuteStatement', 'redshift-data:BatchExecuteStatement'],
      resourceArns: [this.#workgroupArn],
    })
    Grant.addToPrincipal({
      grantee,
      actions: ['redshift-serverless:GetCredentials'],
      resourceArns: [this.#workgroupArn],
    })
    Grant.addToPrincipal({ grantee, actions: ['secretsmanager:GetSecretValue'], resourceArns: [this.secretArn] })
    grantee.grantPrincipal.addToPrincipalPolicy(ownStatements())
  }
}

/** A statement is no resource that IAM could name; its owner is what narrows this. */
const ownStatements = (): PolicyStatement =>
  new PolicyStatement({
    actions: ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult', 'redshift-data:CancelStatement'],
    resources: ['*'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an IAM policy variable
    conditions: { StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' } },
  })
