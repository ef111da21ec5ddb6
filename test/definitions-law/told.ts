import { answerFlaw, type Given } from './answers.ts'
import { coreAnswers, soundEngine } from './core-answers.ts'
import type { Flaw } from './core-law.ts'
import { definitionText } from './definition-text.ts'
import type { Drawn } from './drawn.ts'
import type { MetricPlan } from './plan.ts'
import type { Said, Story } from './random-events.ts'
import { type Asked, countedOf, recount } from './recount.ts'

/** A flaw as a case to look at: its definition as it would be written, and the records that show it, the fewest found. */
export const told = (round: Drawn, { metric, cell, flaw, asked }: Flaw): string => {
  const { draw, story } = round
  const isFlawed = (some: Story): boolean => coreFlawOf(round, metric, some) !== null
  const least = isFlawed(story) ? shrunk(story, isFlawed) : storyOf(story, isOfCell(story, metric, cell, asked))
  const records = [...least.lines].flatMap(([shardId, line]) => [
    `${shardId}, of which ${least.below.get(shardId) ?? 0} lie at or below the mark:`,
    ...line.map(({ record }) => `  ${record.arrivalTime} ${record.text}`),
  ])
  return [
    `${metric.name} of seed ${draw.seed} (--definitions ${draw.definitions} --records ${draw.records}), cell ${cell}${asked === undefined ? '' : ` per ${asked.per} by ${asked.by.join()}`}: ${flaw}`,
    definitionText({ events: [metric.event], metrics: [metric], pairs: [] }),
    ...records,
  ].join('\n')
}

/** What core does not show to be flawed is told by the cell's own events, and those that may be their twins. */
const isOfCell = (
  story: Story,
  metric: MetricPlan,
  cell: string,
  asked: Asked | undefined,
): ((said: Said | null) => boolean) => {
  if (asked === undefined) return (said) => said?.event === metric.event
  const isIn = (said: Said): boolean => recount(metric, [{ said, isSpeed: false }], asked).has(cell)
  const all = [...story.lines.values()].flatMap((line) => line.flatMap(({ said }) => said ?? []))
  const ids = new Set(all.filter(isIn).map(({ id }) => id))
  return (said) => said !== null && (isIn(said) || (said.id !== null && ids.has(said.id)))
}

const coreFlawOf = ({ model }: Drawn, metric: MetricPlan, story: Story): unknown => {
  const given: ReadonlyMap<string, Given> = coreAnswers(soundEngine(model), story).get(metric.name) ?? new Map()
  return answerFlaw(metric, recount(metric, countedOf(story)), given, true)
}

const storyOf = (story: Story, isKept: (said: Said | null) => boolean): Story => {
  const lines = new Map([...story.lines].map(([shardId, line]) => [shardId, line.filter(({ said }) => isKept(said))]))
  const below = new Map(
    [...story.lines].map(([shardId, line]) => [
      shardId,
      line.slice(0, story.below.get(shardId)).filter(({ said }) => isKept(said)).length,
    ]),
  )
  return numbered({ lines, below })
}

/** Sequence numbers without holes, as the marks count. */
const numbered = ({ lines, below }: Story): Story => ({
  below,
  lines: new Map(
    [...lines].map(([shardId, line]) => [
      shardId,
      line.map((told, place) => ({
        ...told,
        record: { ...told.record, sequenceNumber: String(place + 1).padStart(64, '0') },
      })),
    ]),
  ),
})

/** Leaves out ever smaller stretches of each shard's records for as long as the flaw stays. */
const shrunk = (story: Story, isFlawed: (story: Story) => boolean): Story => {
  let least = story
  for (const shardId of story.lines.keys())
    for (let size = least.lines.get(shardId)?.length ?? 0; size >= 1; size = Math.floor(size / 2))
      for (let from = 0; from < (least.lines.get(shardId)?.length ?? 0); ) {
        const smaller = without(least, shardId, from, size)
        if (isFlawed(smaller)) least = smaller
        else from += size
      }
  return least
}

const without = ({ lines, below }: Story, shardId: string, from: number, size: number): Story => {
  const line = lines.get(shardId) ?? []
  const mark = below.get(shardId) ?? 0
  const gone = Math.max(0, Math.min(mark, from + size) - from)
  return numbered({
    lines: new Map(lines).set(shardId, [...line.slice(0, from), ...line.slice(from + size)]),
    below: new Map(below).set(shardId, mark - gone),
  })
}
