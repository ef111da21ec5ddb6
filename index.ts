/** The definition language: what `definitions/` imports from 'tidemark'. */
export { z } from 'zod'
export type { Bucket } from './core/bucket.ts'
export { type Derived, minus, ratio } from './core/definition/derived.ts'
export { type Event, event, type Measure } from './core/definition/event.ts'
export { type Metric, metric, type Where } from './core/definition/metric.ts'
export { type Decimal, decimal, type Instant, type Int, instant, int } from './core/definition/quantity.ts'
export type { Span } from './core/definition/span.ts'
export type { Zone } from './core/definition/zone.ts'
