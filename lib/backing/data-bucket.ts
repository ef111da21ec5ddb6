import { Duration } from 'aws-cdk-lib'
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { Stage } from '../stages.ts'

/** The one data bucket: its keys stand in docs/architecture.md. Only what is staged for a load expires. */
export class DataBucket extends Bucket {
  constructor(scope: Construct, id: string, { stage }: { stage: Stage }) {
    super(scope, id, {
      versioned: true,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: stage.name !== 'local',
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      removalPolicy: stage.removalPolicy,
      lifecycleRules: [
        {
          id: 'Staged',
          prefix: 'staging/',
          expiration: Duration.days(7),
          noncurrentVersionExpiration: Duration.days(1),
        },
        { id: 'Uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ],
    })
  }
}
