import { Aws, Fn } from 'aws-cdk-lib'
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  type IVpc,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import { Construct } from 'constructs'

const valkeyPort = 6379
const valkeyReaderPort = 6380
/** Redshift Serverless wants subnets in three zones. */
const zones = 3

/** Where the cache and the warehouse lie: no way in or out but to the services that functions inside call. */
export class Network extends Construct {
  readonly vpc: IVpc
  readonly subnets = { subnetType: SubnetType.PRIVATE_ISOLATED }
  /** Functions that reach the cache. */
  readonly clients: SecurityGroup
  readonly cache: SecurityGroup
  readonly warehouse: SecurityGroup

  constructor(scope: Construct, id: string) {
    super(scope, id)
    this.vpc = new Vpc(this, 'Vpc', {
      // By number, so that synthesis asks no account for its zones.
      availabilityZones: Array.from({ length: zones }, (_, zone) => Fn.select(zone, Fn.getAzs(Aws.REGION))),
      natGateways: 0,
      subnetConfiguration: [{ name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
    }) as IVpc
    const group = (name: string, description: string, allowAllOutbound: boolean): SecurityGroup =>
      new SecurityGroup(this, name, { vpc: this.vpc, description, allowAllOutbound })
    this.clients = group('Clients', 'Functions that reach the cache', true)
    this.cache = group('Cache', 'The cache', false)
    this.warehouse = group('Warehouse', 'The warehouse: reached by the Data API only', true)
    for (const port of [valkeyPort, valkeyReaderPort]) this.cache.addIngressRule(this.clients, Port.tcp(port))
    this.addServices()
  }

  private addServices(): void {
    const endpoints = new SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: 'Service endpoints',
      allowAllOutbound: false,
    })
    endpoints.addIngressRule(this.clients, Port.tcp(443))
    const services = {
      RedshiftData: InterfaceVpcEndpointAwsService.REDSHIFT_DATA,
      Kinesis: InterfaceVpcEndpointAwsService.KINESIS_STREAMS,
    }
    for (const [id, service] of Object.entries(services))
      this.vpc.addInterfaceEndpoint(id, { service, subnets: this.subnets, securityGroups: [endpoints], open: false })
  }
}
