import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda'
import { loadModel } from '#model'
import { type Dialect, dialects } from '../../sql/table.ts'
import { RedshiftDataWarehouse, warehouseClient } from '../../stores/warehouse/redshift-data.ts'
import { migrate } from './migrate.ts'

const needed = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`The migrate function needs ${name}.`)
  return value
}

const dialect = (): Dialect => {
  const found = dialects.find((candidate) => candidate === needed('WAREHOUSE_DIALECT'))
  if (found === undefined)
    throw new Error(`WAREHOUSE_DIALECT is ${needed('WAREHOUSE_DIALECT')}; it must be one of ${dialects.join(', ')}.`)
  return found
}

const warehouse = (): RedshiftDataWarehouse =>
  new RedshiftDataWarehouse(warehouseClient(), {
    workgroup: needed('WAREHOUSE_WORKGROUP'),
    database: needed('WAREHOUSE_DATABASE'),
    secretArn: process.env.WAREHOUSE_SECRET_ARN ?? null,
  })

/** A CloudFormation custom resource: migrates at create and update; at delete it leaves the warehouse as it is. */
export const handler = async (event: CloudFormationCustomResourceEvent, context: Context): Promise<void> => {
  try {
    if (event.RequestType !== 'Delete') await migrate(warehouse(), (await loadModel()).data, dialect())
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
