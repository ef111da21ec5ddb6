import { describeDerivations } from '../../core/definition/derivation.ts'
import type { EventDefinition } from '../../core/definition/event.ts'
import { describeFields } from '../../core/definition/fields.ts'
import { valueAt } from '../../core/definition/nested.ts'
import { derive } from '../../core/derivations.ts'
import type { Row } from '../../core/record.ts'
import { givenOf } from '../../core/score.ts'
import type { Sample } from './samples.ts'

/** A sample as rules and steps get it. */
export const givenSample = (event: EventDefinition, { fields, at }: Sample): Row => {
  const described = Object.entries(event.fields).flatMap(([name, schema]) => describeFields(event.name, name, schema))
  const nested = described.flatMap(({ name, path }) => (path === undefined ? [] : [[name, valueAt(fields, path)]]))
  const derived = derive(event.name, describeDerivations(event.name, event.derive, []), fields, at)
  const row = { ...fields, ...Object.fromEntries(nested), ...('dimensions' in derived ? derived.dimensions : {}) }
  return givenOf(described, row, at)
}
