import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { homeOf, localStage } from './environment.ts'
import type { Session } from './session.ts'

/** Where the definitions' data lie that the stage was built from: in the laptop stage's own folder, else in `dist/`. */
export const deployedModelFile = ({ stage, env, cwd }: Pick<Session, 'stage' | 'env' | 'cwd'>): string => {
  const ofStage = join(homeOf(env, cwd), 'dist', 'model.json')
  return stage === localStage && existsSync(ofStage) ? ofStage : join(cwd, 'dist', 'model.json')
}
