import type { WindowPosition } from './window.ts'

const fromInstant = (instant: number | null): string => (instant === null ? '' : String(instant))

const toInstant = (text: string): number | null => (text === '' ? null : Number(text))

/** A position as the fields of a hash: all text, as Valkey keeps them. */
export const toFields = (position: WindowPosition): Record<string, string> => ({
  position: position.position,
  revision: String(position.revision),
  lineUp: position.lineUp,
  epoch: position.epoch,
  newestEventTime: fromInstant(position.newestEventTime),
  horizon: fromInstant(position.horizon),
  startedAt: String(position.startedAt),
  restarted: position.restarted ? '1' : '0',
  since: JSON.stringify(position.since),
})

/** @returns null where no hash is stored. @throws where a field is missing. */
export const fromFields = (fields: Readonly<Record<string, string>>, key: string): WindowPosition | null => {
  if (Object.keys(fields).length === 0) return null
  const field = (name: string): string => {
    const value = fields[name]
    if (value === undefined) throw new Error(`The window position ${key} has no field ${name}.`)
    return value
  }
  return {
    position: field('position'),
    revision: Number(field('revision')),
    lineUp: field('lineUp'),
    epoch: field('epoch'),
    newestEventTime: toInstant(field('newestEventTime')),
    // Not in positions of before there was one; a shard that is idle since keeps such a position.
    horizon: toInstant(fields.horizon ?? ''),
    startedAt: Number(field('startedAt')),
    restarted: field('restarted') === '1',
    since: JSON.parse(field('since')),
  }
}
