import { compileDefinitions, zonesUsed } from '../core/compile.ts'
import type { Hash64 } from '../core/hash.ts'
import type { Model } from '../core/model.ts'
import { resolveZones } from '../scripts/build/zones.ts'

/**
 * Compiles as a build does, with the tables of the zones that the definitions use.
 * @param code by event, what stands for the code of its functions
 */
export const compileZoned = (
  exported: Readonly<Record<string, unknown>>,
  hash: Hash64,
  code: Readonly<Record<string, string>> = {},
): Model => compileDefinitions(exported, hash, resolveZones(zonesUsed(exported)), code)
