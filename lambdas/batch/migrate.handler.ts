import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda'
import { loadModel } from '#model'
import { dialects } from '../../sql/table.ts'
import { RedshiftDataWarehouse, warehouseClient } from '../../stores/warehouse/redshift-data.ts'
import { environmentOf } from '../environment.ts'
import { migrate } from './migrate.ts'

const { oneOf, warehouse } = environmentOf('migrate', process.env)

/** A CloudFormation custom resource: migrates at create and update; at delete it leaves the warehouse as it is. */
export const handler = async (event: CloudFormationCustomResourceEvent, context: Context): Promise<void> => {
  try {
    if (event.RequestType !== 'Delete')
      await migrate(
        new RedshiftDataWarehouse(warehouseClient(), warehouse()),
        (await loadModel()).data,
        oneOf('WAREHOUSE_DIALECT', dialects),
      )
    console.log(JSON.stringify({ message: 'migrated', requestType: event.RequestType }))
    await answer(event, context, 'SUCCESS', '')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    console.error(JSON.stringify({ message: 'migration failed', error: reason }))
    await answer(event, context, 'FAILED', reason)
  }
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
