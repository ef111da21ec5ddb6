import { loadHash64 } from '../../core/hash.ts'
import { compileZoned } from '../resolved.ts'
import { changedDefinitions, code, definitions } from './definitions.ts'
import type { Machine } from './machine.ts'
import type { Simulated } from './schedule.ts'

/** What every schedule runs: the definitions compiled. @param machine the state machine that the stacks deploy */
export const prepare = async (machine: Machine): Promise<Simulated> => {
  const hash = await loadHash64()
  const compiled = (exported: Readonly<Record<string, unknown>>) => compileZoned(exported, hash, code)
  const models = [compiled(definitions), compiled(changedDefinitions)] as const
  return { hash, deployable: { machine, models } }
}
