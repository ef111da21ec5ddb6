import type { Receipt, WindowReceipt } from './answers.ts'
import { iso } from './time.ts'

/** Of an answer of several measures, each has an error of its own. */
type AnyReceipt = Omit<Receipt, 'metricVersion' | 'error' | 'errorKind'> & Partial<Pick<Receipt, 'error' | 'errorKind'>>

/** What it is made of, and where batch ends in each shard. */
export const receiptLines = (receipt: AnyReceipt): string[] => {
  const shards = Object.keys(receipt.positions)
  const marked = shards.filter((shardId) => receipt.tidemark[shardId] !== undefined).length
  const exactness = receipt.exact
    ? 'exact'
    : `approximate${receipt.error == null ? '' : `, ${receipt.errorKind === 'bound' ? 'off by at most' : 'standard error'} ${(receipt.error * 100).toFixed(2)}%`}`
  return [
    `receipt: ${exactness}; dataset ${receipt.dataset ?? 'none yet'}, speed in ${shards.length} shards, ${marked} of them with a mark; definitions ${receipt.modelVersion}`,
    ...(receipt.zone === undefined
      ? []
      : [`days of ${receipt.zone.name}, by the tz database's release ${receipt.zone.release}`]),
    ...(receipt.aboveTidemark === undefined || receipt.exact
      ? []
      : [
          `${receipt.aboveTidemark} of the events counted here lie above the tidemark, until a recompute passes them; below it a distinct count is exact per the metric's own bucket, by all its dimensions or by none`,
        ]),
    ...exclusionLines(receipt),
  ]
}

/** By which exclusions it counts, where there are any. */
export const exclusionLines = ({ exclusions: { batch, speed, stretches } }: Pick<Receipt, 'exclusions'>): string[] => {
  const isMix = Object.keys(stretches).length > 0 || (batch !== null && batch !== speed)
  if (!isMix) return speed === 0 ? [] : [`exclusions: revision ${speed}`]
  const newest = Math.max(speed, ...Object.values(stretches).flatMap((all) => all.map(({ revision }) => revision)))
  const bySpeed = newest === speed ? `revision ${speed}` : `revisions ${speed} to ${newest}`
  return [
    `exclusions: batch by ${batch === null ? 'none yet' : `revision ${batch}`}, speed by ${bySpeed}: events excluded in between are in this answer in part, until the next recompute`,
  ]
}

export const windowReceiptLines = (receipt: WindowReceipt): string[] => [
  `receipt: speed in ${Object.keys(receipt.positions).length} shards; newest event ${receipt.newestEventTime === null ? 'none yet' : iso(receipt.newestEventTime)}; definitions ${receipt.modelVersion}`,
  ...(receipt.refilling ? ['The window is refilling: events of it may be missing.'] : []),
]

/** The part of a padded sequence number that tells records of one stream apart; JSON holds all of it. */
export const shortSequence = (sequenceNumber: string | null | undefined): string | null =>
  sequenceNumber == null ? null : `…${sequenceNumber.slice(-12)}`
