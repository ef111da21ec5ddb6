import {
  command,
  datasetIds,
  deploy,
  exclude,
  output,
  promoteSome,
  rebuild,
  recompute,
  replay,
  rollback,
  stop,
  undo,
  watchLimits,
} from './operators.ts'
import { produce, repeat, reuse } from './producers.ts'
import { abandon } from './scheduler.ts'
import type { World } from './world.ts'

/** Something that producers, operators or the machines may do next. */
export interface Act {
  readonly name: string
  /** How often it is chosen, against the others that are possible. */
  readonly weight: number
  readonly isPossible: (world: World) => boolean
  readonly happen: (world: World) => void | Promise<void>
}

const maxRecords = 40
const always = (): boolean => true

const secondMs = 1000
const minuteMs = 60 * secondMs

const deliver = (world: World): void => {
  const { choices, consumers, stream } = world
  const startable = consumers.startable(stream.all)
  const others = startable.filter(({ functionName }) => functionName !== world.laggard)
  const { functionName, shard } = choices.pick(others.length === 0 || choices.chance(10) ? startable : others)
  const back = choices.chance(15) ? 1 + choices.below(4) : 0
  world.deliver(functionName, shard, back, 1 + choices.below(5))
}

const running = (world: World): World['executions'] => world.executions.filter(({ status }) => status === 'RUNNING')
const idle = (world: World): World['executions'] => running(world).filter((one) => !world.advancing.has(one))

const stores = ['archive', 'warehouse', 'window', 'speedLedger', 'identities', 'ledger', 'states', 'jobs']

/** All that can happen. The plainest comes first. */
export const acts: readonly Act[] = [
  {
    name: 'wait',
    weight: 10,
    isPossible: always,
    happen: (world) => {
      world.now += world.choices.pick([secondMs, 30 * secondMs, 5 * minuteMs, 12 * minuteMs])
    },
  },
  { name: 'produce', weight: 24, isPossible: ({ accepted }) => accepted.length < maxRecords, happen: produce },
  {
    name: 'deliver',
    weight: 60,
    isPossible: (world) => world.consumers.startable(world.stream.all).length > 0,
    happen: deliver,
  },
  {
    name: 'advance',
    weight: 100,
    isPossible: (world) => idle(world).length > 0,
    happen: (world) => world.advance(world.choices.pick(idle(world))),
  },
  { name: 'recompute', weight: 10, isPossible: (world) => running(world).length < 3, happen: recompute },
  {
    name: 'repeat',
    weight: 8,
    isPossible: ({ accepted }) =>
      accepted.length < maxRecords && accepted.slice(-8).some(({ sent }) => sent.kind === 'sale'),
    happen: repeat,
  },
  {
    name: 'reuse',
    weight: 2,
    isPossible: ({ accepted }) => accepted.length > 0 && accepted.length < maxRecords,
    happen: reuse,
  },
  {
    name: 'job',
    weight: 80,
    isPossible: ({ jobs }) => jobs.unended().length > 0,
    happen: async ({ jobs, choices }) => {
      const run = choices.pick(jobs.unended())
      if (choices.chance(10)) jobs.fail(run, 'out of memory')
      else await jobs.run(run)
    },
  },
  {
    name: 'load',
    weight: 60,
    isPossible: ({ states }) => states.unended().length > 0,
    happen: (world) => {
      const chosen = world.choices.chance(30) ? [world.choices.pick(world.states.unended())] : world.states.unended()
      for (const { id } of chosen) command(world, `load ${id}`, () => world.states.advance(id))
    },
  },
  { name: 'rollback', weight: 6, isPossible: (world) => datasetIds(world).length > 0, happen: rollback },
  {
    name: 'replay',
    weight: 3,
    isPossible: ({ warehouse }) => warehouse.committed.speedPosition.length > 0,
    happen: replay,
  },
  { name: 'rebuild', weight: 3, isPossible: (world) => datasetIds(world).length > 0, happen: rebuild },
  {
    name: 'exclude',
    weight: 3,
    isPossible: ({ accepted, warehouse }) =>
      warehouse.committed.exclusion.length < 5 && accepted.slice(-8).some(({ sent }) => sent.kind === 'sale'),
    happen: exclude,
  },
  { name: 'undo', weight: 2, isPossible: ({ warehouse }) => warehouse.committed.exclusion.length > 0, happen: undo },
  {
    name: 'output',
    weight: 2,
    isPossible: ({ warehouse }) => warehouse.committed.speedPosition.length > 0,
    happen: output,
  },
  { name: 'watch', weight: 5, isPossible: ({ busy }) => busy.size < 6, happen: watchLimits },
  { name: 'promote', weight: 2, isPossible: (world) => datasetIds(world).length > 0, happen: promoteSome },
  { name: 'stop', weight: 1, isPossible: (world) => running(world).length > 0, happen: stop },
  {
    name: 'kill',
    weight: 2,
    isPossible: ({ atWork }) => atWork.length > 0,
    happen: (world) => world.kill(world.choices.pick(world.atWork)),
  },
  {
    name: 'abandon',
    weight: 2,
    isPossible: ({ atWork }) => atWork.length > 0,
    happen: (world) => {
      const actor = world.choices.pick(world.atWork)
      world.note(() => `${actor.name}: given up on`)
      abandon(actor)
    },
  },
  {
    name: 'split',
    weight: 2,
    isPossible: ({ stream }) => stream.all.length < 5,
    happen: ({ stream, choices }) => stream.split(choices.pick(stream.open)),
  },
  {
    name: 'merge',
    weight: 2,
    isPossible: ({ stream }) => stream.open.length > 1 && stream.all.length < 6,
    happen: ({ stream }) => {
      const [one, other] = stream.open
      if (one !== undefined && other !== undefined) stream.merge(one, other)
    },
  },
  {
    name: 'deploy',
    weight: 1,
    isPossible: ({ scheduler }) => !scheduler.stalled.has('warehouse'),
    happen: deploy,
  },
  { name: 'lose', weight: 0.4, isPossible: always, happen: (world) => world.loseCache() },
  {
    name: 'stall',
    weight: 2,
    isPossible: ({ scheduler }) => scheduler.stalled.size < 2,
    happen: ({ scheduler, choices }) => void scheduler.stalled.add(choices.pick(stores)),
  },
  {
    name: 'unstall',
    weight: 8,
    isPossible: ({ scheduler }) => scheduler.stalled.size > 0,
    happen: ({ scheduler, choices }) => void scheduler.stalled.delete(choices.pick([...scheduler.stalled])),
  },
]
