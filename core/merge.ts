import type { MergeOp } from './contribution.ts'

/** A state: a map from component to a safe integer. */
export type Components = Record<string, number>

/** Of an entity's version: the component is its place in the order of versions, and its value 1, or 0 where it deletes. */
export const isVersion = (component: string): boolean => component.startsWith('at:')

/** How a component's values merge, by its name (docs/architecture.md, "States"). */
export const opOf = (component: string): MergeOp => {
  if (component === 'min') return 'min'
  return component === 'max' || isRegister(component) || isVersion(component) ? 'max' : 'sum'
}

/** Whether a component is one of a distinct count's registers: raised again by the same value, it stays what it was. */
export const isRegister = (component: string): boolean => /^r\d+$/.test(component)

/** @throws where a sum leaves the safe integers: it would not be exact any more. */
export const merge = (op: MergeOp, a: number, b: number): number => {
  if (op === 'min') return Math.min(a, b)
  if (op === 'max') return Math.max(a, b)
  const sum = a + b
  if (!Number.isSafeInteger(sum)) throw new Error(`The sum ${a} + ${b} leaves the integers that are kept exactly.`)
  return sum
}

/** Merges past 2^53 too, as a warehouse does. */
export const mergeWide = (op: MergeOp, a: bigint, b: bigint): bigint =>
  op === 'sum' ? a + b : (op === 'min') === a < b ? a : b

/** Merges one value into a state, in place. */
export const mergeComponent = (into: Components, component: string, op: MergeOp, value: number): void => {
  const held = into[component]
  into[component] = held === undefined ? value : merge(op, held, value)
}
