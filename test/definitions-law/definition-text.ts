import type {
  ConditionPlan,
  DefinitionsPlan,
  EventPlan,
  FieldPlan,
  MeasurePlan,
  MetricPlan,
  PairPlan,
  Value,
} from './plan.ts'
import { fieldNamed, isQuantity } from './plan.ts'
import { unitOfField } from './random-definitions.ts'

/** The definitions as a user would write them: what the build compiles. */
export const definitionText = ({ events, metrics, pairs }: DefinitionsPlan): string =>
  [
    "import { decimal, event, int, metric, minus, ratio, z } from 'tidemark'",
    ...events.map(eventText),
    ...metrics.map(metricText),
    ...pairs.map(pairText),
    '',
  ].join('\n')

/** An amount's digits. @param value scaled */
export const amountText = (value: bigint, scale: number): string => {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const cut = digits.length - scale
  return `${value < 0n ? '-' : ''}${digits.slice(0, cut)}${scale === 0 ? '' : `.${digits.slice(cut)}`}`
}

const eventText = (event: EventPlan): string => {
  const options = [
    ...(event.id.length > 1 ? [`id: ${JSON.stringify(event.id)}`] : []),
    `accept: { ${event.lateHours === null ? '' : `late: '${event.lateHours}h', `}early: '${event.earlyHours}h' }`,
    ...(event.derived.length === 0 ? [] : [`derive: { ${event.derived.map(derivedText).join(', ')} }`]),
  ]
  return `export const ${event.name} = event('${event.name}', ${shapeText(event.fields, '')}, { ${options.join(', ')} })`
}

const derivedText = ({ name, makes }: EventPlan['derived'][number]): string =>
  makes === 'hour'
    ? `${name}: { integer: (e: any) => new Date(e.at).getUTCHours() }`
    : `${name}: { boolean: (e: any) => (typeof e.${makes.longerThanTwo} === 'string' ? e.${makes.longerThanTwo}.length > 2 : null) }`

/** Fields of one object; those of an object in it become one of its own, which may be null or left out. */
const shapeText = (fields: readonly FieldPlan[], above: string): string => {
  const own = fields.filter(({ path }) => !path.slice(above.length).includes('.'))
  const inner = new Set(
    fields.flatMap(({ path }) => {
      const [head = '', ...rest] = path.slice(above.length).split('.')
      return rest.length > 0 ? [head] : []
    }),
  )
  const parts = [
    ...own.map((field) => `${field.path.slice(above.length)}: ${schemaText(field)}`),
    ...[...inner].map((name) => {
      const prefix = `${above}${name}.`
      return `${name}: z.object(${shapeText(
        fields.filter(({ path }) => path.startsWith(prefix)),
        prefix,
      )}).nullish()`
    }),
  ]
  return `{ ${parts.join(', ')} }`
}

const schemaText = (field: FieldPlan): string => {
  const one = elementText(field)
  const schema = field.list ? `z.array(${one}.nullable())` : one
  switch (field.missing) {
    case 'never':
      return schema
    case 'null':
      return `${schema}.nullable()`
    case 'absent':
      return `${schema}.nullish()`
    case 'default':
      return `${schema}.default(${field.kind === 'decimal' ? `${field.standIn}n` : literal(field.standIn)})`
  }
}

const elementText = (field: FieldPlan): string => {
  switch (field.kind) {
    case 'text':
      return 'z.string()'
    case 'enum':
      return `z.enum(${JSON.stringify(field.pool)})`
    case 'boolean':
      return 'z.boolean()'
    case 'whole':
      return 'z.int()'
    case 'int':
      return `int('${unitOfField(field)}')`
    case 'decimal':
      return `decimal(${field.scale}, '${unitOfField(field)}')`
  }
}

const literal = (value: Value | null): string => (typeof value === 'bigint' ? String(value) : JSON.stringify(value))

const metricText = (metric: MetricPlan): string => {
  const event = metric.each === null ? metric.event.name : `${metric.event.name}.each('${metric.each}')`
  const options = [
    ...(metric.where.length === 0 ? [] : [`where: { ${whereText(metric)} }`]),
    `by: ${JSON.stringify(metric.by)}`,
    ...(metric.keep.size === 0 ? [] : [`keep: { ${keepText(metric)} }`]),
    `per: '${metric.per}'`,
    ...(metric.zone === null ? [] : [`zone: '${metric.zone}'`]),
  ]
  return `export const ${metric.name} = metric('${metric.name}', ${event}.${measureText(metric, metric.measure)}, { ${options.join(', ')} })`
}

/** In the shorter form where it says the same. */
const keepText = ({ keep }: MetricPlan): string =>
  [...keep]
    .map(([path, { values, other }]) => {
      const list = JSON.stringify(values)
      return `'${path}': ${other === 'other' ? list : `{ values: ${list}, other: ${JSON.stringify(other)} }`}`
    })
    .join(', ')

const measureText = ({ event }: MetricPlan, measure: MeasurePlan): string => {
  switch (measure.kind) {
    case 'count':
      return 'count()'
    case 'countDistinct':
      return `countDistinct(${measure.fields.map((field) => `'${field}'`).join(', ')})`
    case 'quantile':
      return `quantile('${measure.field}', ${measure.millionths / 1_000_000})`
    case 'histogram': {
      const { scale } = fieldNamed(event, measure.field)
      return `histogram('${measure.field}', [${measure.edges.map((edge) => `'${amountText(edge, scale)}'`).join(', ')}])`
    }
    default:
      return `${measure.kind}('${measure.field}')`
  }
}

const whereText = ({ event, where }: MetricPlan): string => {
  return [...new Set(where.map(({ field }) => field))]
    .map((path) => {
      const field = fieldNamed(event, path)
      const conditions = where.filter((one) => one.field === path)
      const [only] = conditions
      const text =
        only?.op === 'is'
          ? valueText(field, only.values[0] ?? null)
          : `{ ${conditions.map((condition) => conditionText(field, condition)).join(', ')} }`
      return `'${path}': ${text}`
    })
    .join(', ')
}

const conditionText = (field: FieldPlan, { op, values }: ConditionPlan): string => {
  const texts = values.map((value) => valueText(field, value))
  return `${op}: ${op === 'in' ? `[${texts.join(', ')}]` : texts[0]}`
}

const valueText = (field: FieldPlan, value: Value | null): string =>
  isQuantity(field) && typeof value === 'bigint'
    ? `'${amountText(value, field.scale)} ${unitOfField(field)}'`
    : literal(value)

const pairText = ({ name, kind, of }: PairPlan): string =>
  `export const ${name} = ${kind}('${name}', ${of.map((one) => one.name).join(', ')})`
