import { type ToldCrossing, toldCrossing } from '../../core/crossing.ts'
import type { LimitData, ModelData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { answeredQuantity } from '../../core/quantity-text.ts'
import type { CrossingPlace, LimitLedger } from '../../stores/ledger/limit-ledger.ts'
import { refuseUnknown } from './question.ts'

const defaultRows = 100
const maxRows = 1000

interface CrossingsAnswer {
  readonly limit: string
  /** The newest first; `told` is false where its event is yet to be put on the bus. */
  readonly rows: readonly (ToldCrossing & { readonly told: boolean })[]
  /** Where to go on, as `cursor`; null: that was all. */
  readonly next: string | null
}

/** The limits that are deployed, as they may be asked for. */
export const listLimits = (model: ModelData) => ({
  limits: (model.limits ?? []).map((limit) => ({
    name: limit.name,
    description: limit.description,
    owner: limit.owner ?? null,
    metric: limit.metric,
    each: limit.each,
    per: limit.per,
    atMost: boundOf(limit),
    unit: limit.unit,
    notifyAt: limit.notifyAt.map((percent) => `${percent}%`),
  })),
})

/** An amount, or the entity's field that holds it. */
const boundOf = ({ atMost, scale }: LimitData) =>
  'amount' in atMost
    ? { amount: answeredQuantity(BigInt(atMost.amount), scale) }
    : { entity: atMost.entity, field: atMost.field }

/** @throws Problem unknown_limit, invalid_limit, invalid_cursor */
export const answerCrossings = async (
  model: ModelData,
  ledger: Pick<LimitLedger, 'crossings'>,
  name: string,
  query: URLSearchParams,
): Promise<CrossingsAnswer> => {
  refuseUnknown(query, new Set(['key', 'limit', 'cursor']))
  const limits = model.limits ?? []
  if (!limits.some((limit) => limit.name === name))
    throw new Problem('unknown_limit', 404, `There is no limit ${name}.`, {
      allowed: limits.map((limit) => limit.name),
    })
  const rows = readRows(query.get('limit'))
  const before = readPlace(query.get('cursor'))
  // One more than the page holds shows whether there is another page.
  const found = await ledger.crossings(name, query.get('key'), { limit: rows + 1, before })
  const page = found.slice(0, rows)
  const last = page.at(-1)
  return {
    limit: name,
    rows: page.map((crossing) => ({ ...toldCrossing(crossing), told: crossing.isTold })),
    next: last !== undefined && found.length > rows ? `${last.revision}-${last.place}` : null,
  }
}

const readRows = (limit: string | null): number => {
  if (limit === null) return defaultRows
  if (/^\d{1,4}$/.test(limit) && Number(limit) >= 1 && Number(limit) <= maxRows) return Number(limit)
  throw new Problem('invalid_limit', 400, `limit is ${limit}; it must be a whole number from 1 to ${maxRows}.`)
}

const readPlace = (cursor: string | null): CrossingPlace | null => {
  if (cursor === null) return null
  const [, revision, place] = /^(\d{1,15})-(\d{1,15})$/.exec(cursor) ?? []
  if (place === undefined) throw new Problem('invalid_cursor', 400, 'cursor is none that an answer gave as its next.')
  return { revision: Number(revision), place: Number(place) }
}
