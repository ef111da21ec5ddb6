/** A failure, what a person reads then, and the heading of docs/runbook.md that says what to type. */
export interface FailureMessage {
  readonly failure: string
  /** As it is printed; `…` stands for what differs from run to run: ids, times, numbers, what another program said. */
  readonly quote: string
  readonly heading: string
  /** The test that provokes it and reads it; null: it was seen on a live stage, by hand. */
  readonly test: string | null
}

/**
 * The one place in which the messages stand: the tests that provoke them hold what is printed to these texts, and
 * test/docs/failure-messages.test.ts holds the documents to them.
 */
export const failureMessages = {
  warehouseDown: {
    failure: 'The warehouse is down: `tidemark status`',
    quote: 'No answer from the warehouse (speed table, marks, live dataset): …. The other parts go on.',
    heading: 'The warehouse does not answer',
    test: 'test/lambdas/serving/status.test.ts',
  },
  warehouseBusy: {
    failure: 'The warehouse does not answer in time: `tidemark query`',
    quote: 'The warehouse did not answer in time; the query was cancelled. [warehouse_busy]',
    heading: 'The warehouse does not answer',
    test: 'test/lambdas/batch/refusals.test.ts',
  },
  cacheDown: {
    failure: 'The cache is down: `tidemark status`',
    quote: 'No answer from the cache (windows): …. The other parts go on.',
    heading: 'The cache does not answer',
    test: 'test/lambdas/serving/status.test.ts',
  },
  cacheDownWindow: {
    failure: 'The same: `tidemark window`',
    quote: 'The answer could not be made; the function’s log says why. [internal_error]',
    heading: 'The cache does not answer',
    test: 'test/lambdas/batch/refusals.test.ts',
  },
  speedTableBehind: {
    failure: 'The speed table stands still: `tidemark status`',
    quote: 'behind: speed table; oldest record waits … h … min',
    heading: 'A part is behind',
    test: 'test/lambdas/serving/status.test.ts',
  },
  batchAhead: {
    failure: 'Batch went on while the speed table stood still: `tidemark status`',
    quote: 'Batch is ahead of the speed table: answers count to the mark, and the speed table catches up by itself.',
    heading: 'A part is behind',
    test: 'test/lambdas/serving/status.test.ts',
  },
  laggingRecompute: {
    failure: 'The same: `tidemark recompute`',
    quote:
      'Dataset ds-… is live. The speed table lagged behind it at the seal in shardId-…, and what that explains of their difference (drift …%) held nothing back; `tidemark status` shows how far it is.',
    heading: 'A part is behind',
    test: 'test/cli/execution.test.ts',
  },
  speedTableFailing: {
    failure: 'The speed table has failed, or the warehouse has been down, for half an hour: the alarm',
    quote: 'tidemark-prod-speed-table has failed for half an hour. What to do: docs/runbook.md#a-part-is-behind',
    heading: 'A part is behind',
    test: 'test/lib/alarms.test.ts',
  },
  speedTableRetried: {
    failure: 'The speed table’s function fails, on a laptop: `tidemark local logs poller`',
    quote:
      'tidemark-…-speed-table shardId-…: 0 of … records done, retrying from … (attempt …): Unhandled: {"errorMessage": "…", …}; next in … ms',
    heading: 'A part is behind',
    test: 'test/localstack/poller/poller.test.ts',
  },
  archiveBehind: {
    failure: 'The archive stands still: `tidemark status`',
    quote: 'behind: archive; oldest record waits … h … min',
    heading: 'The archive stands still',
    test: 'test/lambdas/serving/status.test.ts',
  },
  archiveAtRisk: {
    failure: 'The archive stands still, well before the stream forgets: the alarm',
    quote:
      'The stream forgets records after 7 days, and those that tidemark-prod-archive is handed are older than 2 days. What to do: docs/runbook.md#the-archive-stands-still',
    heading: 'The archive stands still',
    test: 'test/lib/alarms.test.ts',
  },
  archiveHole: {
    failure: 'Records expired before they were archived, and later ones were archived: `tidemark recompute`',
    quote: 'sales: …% of its rows differ from what is served, …% may; most in … (served …, built …: unknown).',
    heading: 'The archive has a hole',
    test: 'test/lambdas/batch/refusals.test.ts',
  },
  holeSeen: {
    failure: 'The same, where more expired than the speed table took at once: `tidemark recompute`',
    quote:
      'The archive has a hole in shardId-…: the speed table counted record …, which no object under raw/ holds. This dataset lacks it, and what else is missing there.',
    heading: 'The archive has a hole',
    test: 'test/lambdas/batch/refusals.test.ts',
  },
  refilling: {
    failure: 'Valkey was emptied or restarted: `tidemark status`',
    quote: 'The window lost its state and is refilling since …: it is short until its whole length has passed.',
    heading: 'The window says that it is refilling',
    test: 'test/lambdas/serving/status.test.ts',
  },
  refillingWindow: {
    failure: 'The same: `tidemark window`',
    quote: 'The window is refilling: events of it may be missing.',
    heading: 'The window says that it is refilling',
    test: 'test/cli/receipt.test.ts',
  },
  underWay: {
    failure: 'Two recomputes at once',
    quote:
      'Recompute ds-… (execution …) is under way since …: being recomputed. Try again once it has ended, as `tidemark datasets ds-…` shows. Should it have died without a word, it counts as lost from … on. Nothing was changed. [recompute_under_way]',
    heading: 'Another recompute is under way',
    test: 'test/localstack/tidemark/under-way.ts',
  },
  recomputeFailed: {
    failure: 'A recompute failed that nobody waits for: the alarm',
    quote:
      'A recompute failed, was stopped, or took too long; what is served is as it was, unless it failed after its promotion. What to do: docs/runbook.md#a-recompute-failed',
    heading: 'A recompute failed',
    test: 'test/lib/alarms.test.ts',
  },
  recomputeMissing: {
    failure: 'No recompute was started, or none ended well: the alarm',
    quote: 'No recompute has ended well for 3 times in a row. What to do: docs/runbook.md#a-recompute-failed',
    heading: 'A recompute failed',
    test: 'test/lib/alarms.test.ts',
  },
  stopped: {
    failure: 'The state machine was stopped by a person: `tidemark datasets`',
    quote: 'The execution ended as ABORTED.',
    heading: 'A recompute was stopped, or never ends',
    test: 'test/lambdas/batch/stopped.test.ts',
  },
  stoppedRecompute: {
    failure: 'The same: `tidemark recompute`, where it was waited for',
    quote:
      'The recompute ended as ABORTED in step WaitForRecompute: somebody stopped the execution; its Spark job is being cancelled, too\nThe live dataset is as it was. Logs: …/logs, or `tidemark local logs`',
    heading: 'A recompute was stopped, or never ends',
    test: 'test/cli/execution.test.ts',
  },
  timedOutRecompute: {
    failure: 'An execution took longer than the state machine allows: `tidemark recompute`, where it was waited for',
    quote:
      'The recompute ended as TIMED_OUT in step WaitForRecompute: it took longer than the state machine allows; its Spark job is being cancelled, too\nThe live dataset is as it was. Logs: …/logs, or `tidemark local logs`',
    heading: 'A recompute was stopped, or never ends',
    test: 'test/cli/execution.test.ts',
  },
  driverKilled: {
    failure: 'Spark was killed',
    quote:
      "The recompute failed in step PollRecompute: The Spark job … of ds-… ended: FAILED: the driver was killed by SIGKILL, as the system does where memory runs out (exit SIGKILL; the driver's log: …/spark/runs/…/stderr.log)\nThe live dataset is as it was. Logs: …/logs, or `tidemark local logs`",
    heading: 'A recompute failed',
    test: null,
  },
  driverOutOfMemory: {
    failure: 'Spark ran out of memory',
    quote:
      "The recompute failed in step PollRecompute: The Spark job … of ds-… ended: FAILED: java.lang.OutOfMemoryError: … (exit …; the driver's log: …/spark/runs/…)\nThe live dataset is as it was. Logs: …/logs, or `tidemark local logs`",
    heading: 'A recompute failed',
    test: null,
  },
  neverEnds: {
    failure: 'A Spark job never ended',
    quote:
      'The recompute failed in step PollRecompute: The Spark job … of ds-… ended: CANCELLED: Cancelled: it ran longer than its limit of … minutes.\nThe live dataset is as it was. Logs: …/logs, or `tidemark local logs`',
    heading: 'A recompute was stopped, or never ends',
    test: null,
  },
  definitionChanged: {
    failure: 'A definition was deployed anew: `tidemark query`',
    quote:
      '… was defined anew, and no dataset holds version … of it yet; run `tidemark recompute --full`. [definition_changed]',
    heading: 'definition_changed',
    test: 'test/lambdas/batch/refusals.test.ts',
  },
  otherDefinitionsDeployed: {
    failure: 'Wrong definitions were served, and gone back from; they are still deployed: `tidemark status`',
    quote:
      'Definitions … are deployed and counted; `tidemark recompute` makes their first dataset, whose promotion serves them.',
    heading: 'A wrong definition was deployed',
    test: 'test/lambdas/serving/status.test.ts',
  },
  rowsPruned: {
    failure: 'A rollback below what is pruned',
    quote:
      'Speed rows up to … of shardId-… are pruned; serving ds-…, whose mark there is …, would lose them. Count them again from the archive by `tidemark rollback ds-… --rebuild`, or make a new dataset by `tidemark recompute --full`. Nothing was changed. [speed_rows_pruned]',
    heading: 'A rollback refuses: rows are pruned',
    test: 'test/lambdas/batch/refusals.test.ts',
  },
  slotLost: {
    failure: 'Recomputes take the slot of a dataset whose pruned rows are rebuilt: `tidemark rollback ds-… --rebuild`',
    quote:
      'ds-… lost its slot to another dataset 3 times while its speed rows were rebuilt. Wait for the recompute, then try again. What is served was not changed.',
    heading: 'A rollback refuses: rows are pruned',
    test: 'test/cli/rebuild.test.ts',
  },
  replayDiffers: {
    failure: 'Speed rows that are served are not as the archive counts them: `tidemark replay --compare check`',
    quote:
      '… of … buckets differ from check: rows that are served have another value (changed), are lacking (missing), or should not be there (extra).',
    heading: 'The speed rows are wrong',
    test: 'test/cli/replay-output.test.ts',
  },
  held: {
    failure: 'Drift holds a promotion: `tidemark recompute`',
    quote:
      'Dataset ds-… is held back, for what is said below; the live dataset stays. `tidemark datasets ds-…` shows what differs; `tidemark promote ds-… --accept-drift` serves it all the same.',
    heading: 'A recompute was held: drift',
    test: 'test/cli/execution.test.ts',
  },
  recomputeHeld: {
    failure: 'The same, of a recompute that nobody waits for: the alarm',
    quote:
      'A recompute was held, for its drift or for a hole in the archive; what is served is as it was. What to do: docs/runbook.md#a-recompute-was-held-drift',
    heading: 'A recompute was held: drift',
    test: 'test/lib/alarms.test.ts',
  },
  driftTooLarge: {
    failure: 'The same: `tidemark promote`',
    quote:
      'ds-… is held:\nsales: …% of its rows differ from what is served, …% may; most in … (served …, built …: duplicate).\n…\nLook at it by `tidemark datasets ds-…`, and serve it all the same by `tidemark promote ds-… --accept-drift`. Nothing was changed. [drift_too_large]',
    heading: 'A recompute was held: drift',
    test: 'test/lambdas/batch/refusals.test.ts',
  },
  rejected: {
    failure: 'Records were rejected, and a mended definition takes them: `tidemark rejected`',
    quote: '… of them the definitions take now: `tidemark recompute --full` takes them in.',
    heading: 'Records are rejected',
    test: 'test/cli/rejected.test.ts',
  },
  excluded: {
    failure: 'Events are excluded, and not yet recomputed: each answer’s receipt',
    quote:
      'exclusions: batch by revision 0, speed by revision 1: events excluded in between are in this answer in part, until the next recompute',
    heading: 'Wrong events were sent',
    test: 'test/cli/receipt.test.ts',
  },
  otherTables: {
    failure: 'The warehouse’s tables are of another version: a deploy, or `tidemark local up`',
    quote:
      'The table … was made by another version of Tidemark (…), and tables are never altered. Nothing that is served was changed. Deploy the version that made it, or begin anew with everything empty (on a laptop: `tidemark local reset`, then `tidemark local up`).',
    heading: 'The warehouse was made by another version',
    test: 'test/localstack/tidemark/other-tables.test.ts',
  },
} as const satisfies Record<string, FailureMessage>

/** What is printed holds the quote. */
export const quoted = (name: keyof typeof failureMessages): RegExp => patternOf(failureMessages[name].quote)

const patternOf = (quote: string): RegExp =>
  new RegExp(
    quote
      .split('…')
      .map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[\\s\\S]*?'),
  )
