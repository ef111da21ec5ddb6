import { answerFlaw } from './answers.ts'
import { coreAnswers, type Engine } from './core-answers.ts'
import type { DefinitionsPlan, MetricPlan } from './plan.ts'
import type { Story } from './random-events.ts'
import { type Asked, countedOf, recount } from './recount.ts'

export interface Flaw {
  readonly metric: MetricPlan
  readonly cell: string
  readonly flaw: string
  /** How it was asked; left out: in some way that no one metric's cells tell of. */
  readonly asked?: Asked
}

/** What core answers otherwise than the recount does. @param cells called for each metric with the cells compared */
export const coreFlaws = (
  engine: Engine,
  plan: Pick<DefinitionsPlan, 'metrics'>,
  story: Story,
  cells: (metric: MetricPlan, count: number) => void = () => undefined,
): Flaw[] => {
  const counted = countedOf(story)
  const given = coreAnswers(engine, story)
  return plan.metrics.flatMap((metric) => {
    const wanted = recount(metric, counted)
    cells(metric, wanted.size)
    const flaw = answerFlaw(metric, wanted, given.get(metric.name) ?? new Map(), true)
    return flaw === null ? [] : [{ metric, ...flaw, asked: metric }]
  })
}
