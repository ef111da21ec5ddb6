import { newJunk, newSale, type Sale } from './sale.ts'
import type { World } from './world.ts'

const minuteMs = 60_000

/** Some events, about now; one in ten records is none. */
export const produce = (world: World): void => {
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
export const repeat = (world: World): void => {
  const { choices, stream, accepted } = world
  const sales = accepted.filter((each): each is typeof each & { sent: Sale } => each.sent.kind === 'sale')
  const first = choices.pick(sales.slice(-8))
  const own = stream.open.find(({ shardId }) => shardId === first.shardId)
  const shard = own !== undefined && !choices.chance(30) ? own : choices.pick(stream.open)
  const sent = choices.chance(20) ? { ...first.sent, amount: choices.below(4000) } : first.sent
  world.send(shard, sent, world.now, 0)
}

/** The same id with another time is another event. */
export const reuse = (world: World): void => {
  const { choices, stream, accepted } = world
  const first = choices.pick(accepted.slice(-8))
  if (first.sent.kind === 'sale')
    world.send(choices.pick(stream.open), { ...first.sent, at: first.sent.at - minuteMs }, world.now, 0)
}
