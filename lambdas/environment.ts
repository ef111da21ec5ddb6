import type { WarehouseTarget } from '../stores/warehouse/redshift-data.ts'

/** Reads what a stage tells one function. @throws, at cold start, for what is missing or no number */
export const environmentOf = (functionName: string, env: NodeJS.ProcessEnv) => {
  const needed = (name: string): string => {
    const value = env[name]
    if (!value) throw new Error(`The ${functionName} function needs ${name}.`)
    return value
  }
  const number = (name: string): number => {
    const value = Number(needed(name))
    if (!Number.isFinite(value) || value < 0) throw new Error(`${name} is ${env[name]}; it must be a number from 0 on.`)
    return value
  }
  const oneOf = <Choice extends string>(name: string, choices: readonly Choice[]): Choice => {
    const value = needed(name)
    const choice = choices.find((candidate) => candidate === value)
    if (choice === undefined)
      throw new Error(`The ${functionName} function needs ${name}, one of ${choices.join(', ')}; it is ${value}.`)
    return choice
  }
  const warehouse = (): WarehouseTarget => ({
    workgroup: needed('WAREHOUSE_WORKGROUP'),
    database: needed('WAREHOUSE_DATABASE'),
    secretArn: env.WAREHOUSE_SECRET_ARN ?? null,
  })
  /** undefined: the service's own. */
  const s3Endpoint: string | undefined = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL
  return { needed, number, oneOf, warehouse, s3Endpoint }
}
