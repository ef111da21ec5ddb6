import { keptText } from '../kept.ts'
import type { ConditionData, FieldData, Scalar } from '../model.ts'
import { scaleDecimal } from './quantity.ts'

/**
 * A metric's `where` as data: amounts scaled to integers, instants to epoch ms, texts as they are kept.
 * @param at where the condition stands, for errors: `Metric departures`
 * @throws where a field is unknown, or a value isn't one of the field's
 */
export const describeWhere = (
  at: string,
  where: Readonly<Record<string, unknown>>,
  fields: readonly FieldData[],
): ConditionData[] =>
  Object.entries(where).flatMap(([name, condition]) => {
    const field = fields.find((candidate) => candidate.name === name)
    if (field === undefined)
      throw new Error(
        `${at}: where names ${name}, which is no field of its event; there are ${fields.map((one) => one.name).join(', ')}.`,
      )
    return describeCondition(`${at}, where ${name}`, field, condition)
  })

const describeCondition = (at: string, field: FieldData, condition: unknown): ConditionData[] => {
  refuseSecret(at, field)
  if (field.kind === 'object' || field.kind === 'other')
    throw new Error(`${at}: it holds no single value, so nothing can be compared with it; name a field in it.`)
  if (condition === null || typeof condition !== 'object')
    return [{ field: field.name, op: 'is', value: scalarOf(at, field, condition) }]
  return Object.entries(condition).map(([op, value]): ConditionData => {
    if (op === 'in' && Array.isArray(value))
      return { field: field.name, op, value: value.map((one) => scalarOf(at, field, one)) }
    if (op === 'not' || op === 'gte' || op === 'lt') return { field: field.name, op, value: scalarOf(at, field, value) }
    throw new Error(`${at}: ${op} is no condition; there are a value, not, in (a list), gte and lt.`)
  })
}

/** @throws where the field is a secret: what a metric makes of it would tell it */
export const refuseSecret = (at: string, { name, secret }: Pick<FieldData, 'name' | 'secret'>): void => {
  if (secret === true) throw new Error(`${at}: ${name} is a secret, which no metric, condition or identity can use.`)
}

const scalarOf = (at: string, field: FieldData, value: unknown): Scalar => {
  if (value === null) return null
  if (field.kind === 'decimal' || (field.kind === 'integer' && field.unit !== null)) return amountOf(at, field, value)
  if (field.kind === 'instant') {
    const time = Date.parse(String(value))
    if (Number.isNaN(time))
      throw new Error(`${at}: ${String(value)} is no ISO 8601 time, such as 2026-01-31T12:00:00Z.`)
    return time
  }
  const expected = field.kind === 'integer' ? 'number' : field.kind
  if (typeof value !== expected) throw new Error(`${at}: ${JSON.stringify(value)} is no ${field.kind} value.`)
  if (field.values !== null && !field.values.includes(String(value)))
    throw new Error(`${at}: ${JSON.stringify(value)} is not one of ${field.values.join(', ')}.`)
  return typeof value === 'string' ? keptText(value) : (value as Scalar)
}

const amountOf = (at: string, field: FieldData, value: unknown): number => {
  const [number = '', ...unit] = String(value).split(' ')
  const scaled = scaleDecimal(number, field.scale)
  if (scaled === null || unit.join(' ') !== field.unit)
    throw new Error(
      `${at}: '${String(value)}' is no amount in ${field.unit}, such as '${10 ** -field.scale} ${field.unit}'.`,
    )
  return Number(scaled)
}
