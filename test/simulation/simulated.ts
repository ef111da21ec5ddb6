import { loadHash64 } from '../../core/hash.ts'
import { compileZoned } from '../resolved.ts'
import { code, definitions } from './definitions.ts'
import type { Machine } from './machine.ts'
import type { Simulated } from './schedule.ts'

/** What every schedule runs: the definitions compiled. @param machine the state machine that the stacks deploy */
export const prepare = async (machine: Machine): Promise<Simulated> => {
  const hash = await loadHash64()
  const models = definitions.map((exported) => compileZoned(exported, hash, code))
  return { hash, deployable: { machine, models } }
}
