import { newJunk, newSale, type Sale } from './sale.ts'
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

const produce = (world: World): void => {
  const { choices, stream } = world
  const shard = choices.pick(stream.open)
  // Arrival times do not grow strictly with the stream.
  const arrivalTime = world.now - choices.below(2) * 500
  for (let more = choices.below(3); more >= 0; more--) {
    const id = `sale-${world.accepted.length}`
    const sent = choices.chance(10) ? newJunk(choices, arrivalTime) : newSale(choices, id, arrivalTime)
    world.send(shard, sent, arrivalTime, choices.below(2) * 7)
  }
}

/** A producer that got no answer sends again: to the same shard mostly; with another amount now and then. */
const repeat = (world: World): void => {
  const { choices, stream, accepted } = world
  const sales = accepted.filter((each): each is typeof each & { sent: Sale } => each.sent.kind === 'sale')
  const first = choices.pick(sales.slice(-8))
  const own = stream.open.find(({ shardId }) => shardId === first.shardId)
  const shard = own !== undefined && !choices.chance(30) ? own : choices.pick(stream.open)
  const sent = choices.chance(20) ? { ...first.sent, amount: choices.below(4000) } : first.sent
  world.send(shard, sent, world.now, 0)
}

/** The same id with another time is another event. */
const reuse = (world: World): void => {
  const { choices, stream, accepted } = world
  const first = choices.pick(accepted.slice(-8))
  if (first.sent.kind === 'sale')
    world.send(choices.pick(stream.open), { ...first.sent, at: first.sent.at - minuteMs }, world.now, 0)
}

const deliver = (world: World): void => {
  const { choices } = world
  const { functionName, shard } = choices.pick(world.consumers.startable(world.stream.all))
  const back = choices.chance(15) ? 1 + choices.below(4) : 0
  world.deliver(functionName, shard, back, 1 + choices.below(5))
}

const recompute = (world: World): void => {
  const { choices } = world
  world.startExecution({ full: choices.chance(30), promote: !choices.chance(15), reloadDatasetId: null })
}

/** The operator's commands are answered or refused; either is fine, as long as every answer stays right. */
const command = (world: World, name: string, run: () => Promise<unknown>): void => {
  run().then(
    (answer) => world.note(`operator: ${name}: ${JSON.stringify(answer)}`),
    (error: unknown) =>
      world.note(`operator: ${name} failed: ${error instanceof Error ? error.message : String(error)}`),
  )
}

const datasetIds = (world: World): string[] => world.warehouse.committed.dataset.map(({ datasetId }) => datasetId)

const rollback = (world: World): void => {
  const ids = datasetIds(world)
  const datasetId = world.choices.chance(50) ? world.choices.pick(ids) : undefined
  command(world, `rollback ${datasetId ?? ''}`, async () => {
    const answer = (await world.step({ step: 'rollback', ...(datasetId === undefined ? {} : { datasetId }) })) as {
      reload?: string
    }
    if (answer.reload !== undefined)
      world.startExecution({ full: false, promote: true, reloadDatasetId: answer.reload })
    return answer
  })
}

/** Chunk by chunk, as the command line does, of a few records each; it may be left in the middle. */
const replay = (world: World): void => {
  const { shardId } = world.choices.pick(world.warehouse.committed.speedPosition)
  const maxRecords = 1 + world.choices.below(6)
  world.hasReplayed = true
  command(world, `replay ${shardId}`, async () => {
    let reached: string | null = null
    for (;;) {
      const request = { step: 'replay', shardId, reached, maxRecords } as const
      const progress = (await world.step(request)) as { reached?: string; done?: boolean }
      if (progress.reached === undefined || progress.done === true) return progress
      reached = progress.reached
    }
  })
}

/** Pruned rows come back, and the dataset that needs them is served. */
const rebuild = (world: World): void => {
  const datasetId = world.choices.pick(datasetIds(world))
  const maxRecords = 1 + world.choices.below(6)
  world.hasReplayed = true
  command(world, `rebuild ${datasetId}`, async () => {
    for (let chunks = 0; chunks < 40; chunks++) {
      const progress = (await world.step({ step: 'rebuild', datasetId, maxRecords })) as { done?: boolean }
      if (progress.done === true) return world.step({ step: 'rollback', datasetId })
      if (progress.done === undefined) return progress
    }
    return 'left'
  })
}

const promote = (world: World): void => {
  const datasetId = world.choices.pick(datasetIds(world))
  command(world, `promote ${datasetId}`, () => world.step({ step: 'promoteDataset', datasetId, acceptDrift: true }))
}

/** As the rule on stopped executions does: the batch function is told, and cancels what runs. */
const stop = (world: World): void => {
  const execution = world.choices.pick(world.executions.filter(({ status }) => status === 'RUNNING'))
  execution.abort()
  command(world, `stop ${execution.name}`, () =>
    world.step({ step: 'recordFailure', executionName: execution.name, error: { Error: 'States.Aborted' } }),
  )
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
  { name: 'promote', weight: 2, isPossible: (world) => datasetIds(world).length > 0, happen: promote },
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
      world.note(`${actor.name}: given up on`)
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
    happen: (world) => world.deploy(1 - world.deployed),
  },
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
