import type { Contribution } from '../../core/contribution.ts'
import type { Model } from '../../core/model.ts'
import { readMessage } from '../../core/protobuf.ts'
import { type Decoded, rejectionReasons } from '../../core/record.ts'

/** What a dimension's column holds, in UTF-8 (docs/architecture.md). */
const maxDimensionBytes = 256

/** What is wrong with what a record was decoded to; null where nothing is. */
export const flawOf = (model: Model, decoded: Decoded): string | null => {
  const { rejection, row, id, eventTime } = decoded
  if (rejection !== null && !rejectionReasons.includes(rejection.reason)) return `the reason is ${rejection.reason}`
  if (Object.getPrototypeOf(row) !== Object.prototype) return 'its row has a prototype of its own'
  if (!Number.isSafeInteger(eventTime)) return `its event time is ${eventTime}`
  if (!id.isWellFormed() || Buffer.byteLength(id) > 1024) return 'its id can not be stored'
  if (rejection !== null && !rejection.detail.isWellFormed()) return 'its detail can not be stored'
  for (const contribution of [...model.contributions(decoded, 'batch'), ...model.liveContributions(decoded)]) {
    const flaw = contributionFlaw(contribution)
    if (flaw !== null) return `it contributes to ${contribution.metric} ${flaw}`
  }
  return null
}

const contributionFlaw = ({ value, bucket, dims, component }: Contribution): string | null => {
  if (!Number.isSafeInteger(value)) return `the value ${value}`
  if (!Number.isSafeInteger(bucket)) return `in the bucket ${bucket}`
  if (!component.isWellFormed() || component.includes('\0')) return 'a component that can not be stored'
  if ([...dims, component].some((text) => text?.endsWith(' '))) return 'a text that not all warehouses tell apart'
  for (const dim of dims)
    if (dim !== null && (!dim.isWellFormed() || dim.includes('\0') || Buffer.byteLength(dim) > maxDimensionBytes))
      return 'a dimension that can not be stored'
  return null
}

/** How many bytes the reader of aggregates looks at, one by one. */
export const stepsOf = (message: Uint8Array): number => {
  let steps = 0
  const watched = new Proxy(message, {
    get: (target, key) => {
      if (typeof key === 'string' && /^\d+$/.test(key)) steps++
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  readMessage(watched)
  return steps
}

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype]

/** What every object has: the same before and after, or a record has changed it. */
export const prototypesNow = (): string =>
  JSON.stringify(prototypes.map((prototype) => Reflect.ownKeys(prototype).map(String)))
