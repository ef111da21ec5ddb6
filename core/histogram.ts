import type { Part } from './contribution.ts'

/** Enough for eyes, and few enough columns for the warehouse. */
export const maxEdges = 50

const component = (place: number): string => `b${place}`

/** One more than there are edges: below the first, from each to the next, from the last on. */
export const histogramComponents = (edges: readonly number[]): string[] =>
  [0, ...edges].map((_, place) => component(place))

/** One value's part in a histogram. @param edges ascending */
export const histogramParts =
  (edges: readonly number[]) =>
  (value: number): Part[] => {
    const above = edges.findIndex((edge) => value < edge)
    return [{ component: component(above === -1 ? edges.length : above), op: 'sum', value: 1 }]
  }
