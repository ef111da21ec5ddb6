import type { SubnetSelection } from 'aws-cdk-lib/aws-ec2'
import { CfnServerlessCache } from 'aws-cdk-lib/aws-elasticache'
import { Construct } from 'constructs'
import type { CacheSettings, Stage } from '../stages.ts'
import type { Network } from './network.ts'

/** A Valkey that functions reach. */
export interface Cache {
  /** host:port */
  readonly endpoint: string
  readonly tls: boolean
  /** Where functions must lie to reach it; null: anywhere. */
  readonly network: Network | null
}

/** The variables by which a function finds the cache. */
export const cacheEnvironment = (cache: Cache): Record<string, string> => ({
  CACHE_ENDPOINT: cache.endpoint,
  CACHE_TLS: String(cache.tls),
})

export const outsideCache = ({ endpoint, tls }: Extract<CacheSettings, { kind: 'outside' }>): Cache => ({
  endpoint,
  tls,
  network: null,
})

interface ServerlessCacheProps {
  readonly stage: Stage
  readonly settings: Extract<CacheSettings, { kind: 'serverless' }>
  readonly network: Network
}

/** ElastiCache Serverless for Valkey: always cluster mode, always TLS. */
export class ServerlessCache extends Construct implements Cache {
  readonly endpoint: string
  readonly tls = true
  readonly network: Network

  constructor(scope: Construct, id: string, { stage, settings, network }: ServerlessCacheProps) {
    super(scope, id)
    const subnets: SubnetSelection = network.subnets
    const cache = new CfnServerlessCache(this, 'Valkey', {
      serverlessCacheName: `tidemark-${stage.name}`,
      engine: 'valkey',
      majorEngineVersion: '8',
      subnetIds: network.vpc.selectSubnets(subnets).subnetIds,
      securityGroupIds: [network.cache.securityGroupId],
      cacheUsageLimits: {
        dataStorage: { maximum: settings.maxData.toGibibytes(), unit: 'GB' },
        ecpuPerSecond: { maximum: settings.maxRequestUnitsPerSecond },
      },
    })
    cache.applyRemovalPolicy(stage.removalPolicy)
    this.endpoint = `${cache.attrEndpointAddress}:${cache.attrEndpointPort}`
    this.network = network
  }
}
