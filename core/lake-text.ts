import { jsonWithout } from './json-members.ts'
import type { ModelData } from './model.ts'
import { type Decoded, type RejectionReason, rejectedType } from './record.ts'

/** The paths of the fields that no one may see, by event. */
export const secretPaths = ({
  events,
}: Pick<ModelData, 'events'>): ReadonlyMap<string, readonly (readonly string[])[]> =>
  new Map(
    events.flatMap(({ name, fields }) => {
      const paths = fields.flatMap((field) => (field.secret === true ? [field.path ?? [field.name]] : []))
      return paths.length === 0 ? [] : [[name, paths] as const]
    }),
  )

/** A record's bytes: as text, or where they are no UTF-8, in base64. */
interface Bytes {
  readonly data: string | null
  readonly dataBase64: string | null
}

/** What stands in the lake for a rejected record where the definitions have a secret: nobody knows where it holds one. */
export interface Withheld {
  readonly reason: RejectionReason
  readonly detail: string
  readonly eventType: string | null
}

/**
 * What the lake keeps of a record: all of it where no definition has a secret. Else an event goes without its secrets, and
 * of a rejected record there is but why.
 */
export const lakeBytes = (model: Pick<ModelData, 'events'>): ((decoded: Decoded, bytes: Bytes) => Bytes) => {
  const secrets = secretPaths(model)
  if (secrets.size === 0) return (_, bytes) => bytes
  return ({ type, rejection, row }, { data, dataBase64 }) => {
    if (type === rejectedType && rejection !== null) {
      const withheld = { ...rejection, eventType: row.event_type ?? null }
      return { data: JSON.stringify({ withheld }), dataBase64: null }
    }
    const paths = secrets.get(type)
    return { data: data === null || paths === undefined ? data : jsonWithout(data, paths), dataBase64 }
  }
}

/** What a record of the lake stands for; null where it is an event, which has a type. */
export const withheldIn = (parsed: object): Withheld | null =>
  'withheld' in parsed && !('type' in parsed) ? (parsed.withheld as Withheld) : null
