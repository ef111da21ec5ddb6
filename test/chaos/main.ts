/**
 * Real processes killed, end to end: `npm run test:chaos -- --seed 1 --minutes 10 [--rate 1000] [--short] [--report FILE]`.
 * Exit 0 only where every figure is equal; else the first differences are printed and the stage's folder is kept.
 */
import { parseArgs } from 'node:util'
import { anyFreePort } from '../../localstack/port-check.ts'
import { portsNeeded } from '../../localstack/ports.ts'
import { StageUnderTest } from '../end-to-end/stage-under-test.ts'
import { readPage, reportOf, writeReport } from './report.ts'
import { type ChaosResult, ChaosStory } from './story.ts'

// The SDK's advice on Node versions is no matter of a run; its processes inherit it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

const shownDifferences = 20

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '10' },
      rate: { type: 'string', default: '1000' },
      short: { type: 'boolean', default: false },
      report: { type: 'string' },
    },
  })
  const [seed, minutes, rate] = [Number(values.seed), Number(values.minutes), Number(values.rate)]
  if (!Number.isInteger(seed) || !(minutes > 0) || !(rate > 0))
    throw new Error('--seed is a whole number, --minutes and --rate are above zero.')
  // Said now rather than after the run.
  if (values.report !== undefined) readPage(values.report)
  const stage = new StageUnderTest(Number(process.env.TIDEMARK_PORT ?? (await anyFreePort(portsNeeded))))
  let result: ChaosResult | undefined
  try {
    console.error(`stage in ${stage.home}`)
    await stage.tidemark('local', 'up', '--definitions', 'test/chaos/definitions')
    const say = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`)
    const length = values.short ? 'short' : 'full'
    result = await new ChaosStory(stage, await stage.connect(), { seed, minutes, rate, length, say }).tell()
    console.log(reportOf(result))
    if (values.report !== undefined) writeReport(values.report, result)
  } finally {
    if (result?.differences.length === 0) await stage.end()
    else await stage.stop()
  }
  if (result.differences.length === 0) return 0
  for (const difference of result.differences.slice(0, shownDifferences)) console.error(difference)
  console.error(`${result.differences.length} differences. The stage is stopped; its folder is kept: ${stage.home}`)
  return 1
}

main().then(
  (exitCode) => process.exit(exitCode),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
