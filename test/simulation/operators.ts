import type { StepRequest } from '../../lambdas/batch/steps.ts'
import { newWish } from './exclusions.ts'
import type { World } from './world.ts'

export const recompute = (world: World): void => {
  const { choices } = world
  world.startExecution({ full: choices.chance(30), promote: !choices.chance(15), reloadDatasetId: null })
}

/** The operator's commands are answered or refused; either is fine, as long as every answer stays right. */
export const command = (world: World, name: string, run: () => Promise<unknown>): void => {
  run().then(
    (answer) => world.note(() => `operator: ${name}: ${JSON.stringify(answer)}`),
    (error: unknown) => {
      world.refuseBug(error)
      world.note(() => `operator: ${name} failed: ${error instanceof Error ? error.message : String(error)}`)
    },
  )
}

type Ask = (request: StepRequest) => Promise<unknown>

/** How an operator asks the batch function: some try again where no answer came. */
const asking = (world: World): Ask => {
  const tries = world.choices.pick([1, 3])
  return async (request) => {
    for (let left = tries; ; left--)
      try {
        return await world.step(request)
      } catch (error) {
        world.refuseBug(error)
        if (left === 1) throw error
      }
  }
}

export const datasetIds = (world: World): string[] =>
  world.warehouse.committed.dataset.map(({ datasetId }) => datasetId)

export const rollback = (world: World): void => {
  const ids = datasetIds(world)
  const datasetId = world.choices.chance(50) ? world.choices.pick(ids) : undefined
  const ask = asking(world)
  command(world, `rollback ${datasetId ?? ''}`, async () => {
    const request = { step: 'rollback', ...(datasetId === undefined ? {} : { datasetId }) } as const
    const answer = (await ask(request)) as { reload?: string }
    if (answer.reload !== undefined)
      world.startExecution({ full: false, promote: true, reloadDatasetId: answer.reload })
    return answer
  })
}

/** Chunk by chunk, as the command line does, of a few records each; it may be left in the middle. */
export const replay = (world: World): void => {
  const { shardId } = world.choices.pick(world.warehouse.committed.speedPosition)
  const maxRecords = 1 + world.choices.below(6)
  const ask = asking(world)
  command(world, `replay ${shardId}`, () => replayShard(world, ask, shardId, maxRecords))
}

const replayShard = async (world: World, ask: Ask, shardId: string, maxRecords: number): Promise<unknown> => {
  world.hasReplayed = true
  let reached: string | null = null
  for (;;) {
    const request = { step: 'replay', shardId, reached, maxRecords } as const
    const progress = (await ask(request)) as { reached?: string; done?: boolean }
    if (progress.reached === undefined || progress.done === true) return progress
    reached = progress.reached
  }
}

/** Pruned rows come back, and the dataset that needs them is served; one in no slot is loaded first, for who asks again. */
export const rebuild = (world: World): void => {
  const datasetId = world.choices.pick(datasetIds(world))
  const maxRecords = 1 + world.choices.below(6)
  world.hasReplayed = true
  const ask = asking(world)
  command(world, `rebuild ${datasetId}`, async () => {
    for (;;) {
      const progress = (await ask({ step: 'rebuild', datasetId, maxRecords })) as { done?: boolean; reload?: string }
      if (progress.done === true) return ask({ step: 'rollback', datasetId })
      if (progress.reload !== undefined)
        world.startExecution({ full: false, promote: false, reloadDatasetId: progress.reload })
      if (progress.done === undefined) return progress
    }
  })
}

export const promoteSome = (world: World): void =>
  promote(world, world.choices.pick(datasetIds(world)), !world.choices.chance(30))

/** Serves a dataset that was held, or built without being served. */
export const promote = (world: World, datasetId: string, acceptDrift: boolean): void => {
  if (acceptDrift) world.acceptedDrift.add(datasetId)
  const ask = asking(world)
  command(world, `promote ${datasetId}`, () => ask({ step: 'promoteDataset', datasetId, acceptDrift }))
}

/** As the rule on stopped executions does: the batch function is told, and cancels what runs. */
export const stop = (world: World): void => {
  const execution = world.choices.pick(world.executions.filter(({ status }) => status === 'RUNNING'))
  execution.abort()
  command(world, `stop ${execution.name}`, () =>
    world.step({ step: 'recordFailure', executionName: execution.name, error: { Error: 'States.Aborted' } }),
  )
}

/** What the batch function answers once a revision is in force. */
type InForce = { readonly revision?: number; readonly recorded?: Readonly<Record<string, string>> }

/** The command line tries an exclusion again under the same request where it got no answer. */
export const exclude = (world: World): void => {
  const sales = world.accepted.flatMap(({ sent }) => (sent.kind === 'sale' ? [sent] : []))
  const wish = newWish(world.choices, sales.slice(-8))
  const requestId = `request-${world.newName()}`
  world.exclusions.wish(requestId, wish)
  const request = { step: 'exclude', requestId, exclusion: wish.exclusion, reason: 'wrong', by: 'operator' } as const
  const work = async (): Promise<InForce> => (await world.step(request)) as InForce
  enforced(world, `exclude ${JSON.stringify(wish.exclusion)}`, () => work().catch(work))
}

export const undo = (world: World): void => {
  const { id } = world.choices.pick(world.warehouse.committed.exclusion)
  enforced(
    world,
    `exclude --undo ${id}`,
    async () => (await world.step({ step: 'undoExclusion', id, reason: 'they were right', by: 'operator' })) as InForce,
  )
}

/** Then what speed counted before is replayed, unless the operator does not wish it. */
const enforced = (world: World, name: string, run: () => Promise<InForce>): void => {
  const replays = !world.choices.chance(40)
  const ask = asking(world)
  command(world, name, async () => {
    const answer = await run()
    if (answer.revision !== undefined) world.exclusions.promise(answer.revision, world.now)
    if (replays) for (const shardId of Object.keys(answer.recorded ?? {})) await replayShard(world, ask, shardId, 3)
    return answer
  })
}

/** The schedule of the limits function fires. */
export const watchLimits = (world: World): void => command(world, 'watch limits', () => world.limits.watch())

/** Other definitions come to run. */
export const deploy = (world: World): Promise<void> => world.deploy(world.choices.pick(world.otherDefinitions))

/** A replay beside what is served: written chunk by chunk, then swapped in, or dropped; some operators drop it where it can't be compared any more. */
export const output = (world: World): void => {
  const name = world.choices.pick(['one', 'other'])
  const maxRecords = 1 + world.choices.below(6)
  const ending = world.choices.pick(['swap', 'swap', 'drop', 'drop what is refused'])
  world.hasReplayed = true
  const ask = asking(world)
  command(world, `replay --into ${name}`, async () => {
    const begun = await ask({ step: 'beginOutput', name })
    for (let isDone: boolean | undefined = false; isDone === false; )
      isDone = ((await ask({ step: 'writeOutput', name, maxRecords })) as { done?: boolean }).done
    const isRefused = ((await ask({ step: 'compareOutput', name })) as { problem?: object }).problem !== undefined
    const isDropped = ending === 'drop' || (ending !== 'swap' && isRefused)
    return [begun, await ask({ step: isDropped ? 'dropOutput' : 'swapOutput', name })]
  })
}
