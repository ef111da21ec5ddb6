import type { Row } from '../../core/record.ts'

/** What a function made of one sample: its answer as JSON, or why it has none. */
export interface Outcome {
  readonly answer?: string
  readonly flaw?: string
  readonly denied: readonly string[]
  /** The sample as JSON. */
  readonly sample: string
}

export const sampleText = (sample: Row): string =>
  JSON.stringify(sample, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
