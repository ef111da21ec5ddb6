import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda'
import { loadModel } from '#model'
import { dialects } from '../../sql/table.ts'
import { S3Archive, s3Client } from '../../stores/archive/s3.ts'
import { SqlModelLedger } from '../../stores/ledger/sql-model-ledger.ts'
import { ArchivedModels } from '../../stores/models/archived.ts'
import { bundleKey, dataKey } from '../../stores/models/models.ts'
import { RedshiftDataWarehouse, warehouseClient } from '../../stores/warehouse/redshift-data.ts'
import { environmentOf } from '../environment.ts'
import { migrate } from './migrate.ts'
import { tellModels } from './models.ts'

const { needed, oneOf, s3Endpoint, warehouse } = environmentOf('migrate', process.env)

/** A CloudFormation custom resource: migrates at create and update; at delete it leaves the warehouse as it is. */
export const handler = async (event: CloudFormationCustomResourceEvent, context: Context): Promise<void> => {
  try {
    if (event.RequestType !== 'Delete') await deploy()
    console.log(JSON.stringify({ message: 'migrated', requestType: event.RequestType }))
    await answer(event, context, 'SUCCESS', '')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    console.error(JSON.stringify({ message: 'migration failed', error: reason }))
    await answer(event, context, 'FAILED', reason)
  }
}

/** The bundle stands in the bucket before anything counts by it: functions of later deploys go on with it. */
const deploy = async (): Promise<void> => {
  const own = await loadModel()
  const { version } = own.data
  const archive = new S3Archive(s3Client(s3Endpoint), needed('DATA_BUCKET'))
  await archive.putObject(bundleKey(version), await readFile(join(__dirname, 'model.cjs')))
  await archive.putJson(dataKey(version), own.data)
  const connection = new RedshiftDataWarehouse(warehouseClient(), warehouse())
  await migrate(connection, new ArchivedModels(archive, own), own.data, oneOf('WAREHOUSE_DIALECT', dialects))
  await tellModels({ archive, modelLedger: new SqlModelLedger(connection) })
}

/** CloudFormation's protocol for custom resources: one PUT of the outcome to the URL it was given. */
const answer = async (
  event: CloudFormationCustomResourceEvent,
  context: Context,
  status: 'SUCCESS' | 'FAILED',
  reason: string,
): Promise<void> => {
  const body = JSON.stringify({
    Status: status,
    Reason: reason.slice(0, 1000) || `see ${context.logStreamName}`,
    PhysicalResourceId: 'PhysicalResourceId' in event ? event.PhysicalResourceId : 'warehouse',
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
  })
  const response = await fetch(event.ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } })
  if (!response.ok) throw new Error(`CloudFormation refused the answer: ${response.status} ${await response.text()}`)
}
