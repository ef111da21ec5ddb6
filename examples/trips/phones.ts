/** A record as a phone sends it. */
export interface Said {
  readonly type: 'rider' | 'driver'
  readonly id: string
  readonly tripId: string
  readonly action: 'request' | 'cancel' | 'accept' | 'pickup' | 'dropoff'
  readonly at: string
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** What is said of one trip from its request on, minutes after it: many are finished, some are cancelled or never answered. */
const courseOf = (random: () => number): readonly (readonly [Said['action'], number])[] => {
  const within = (least: number, most: number): number => least + random() * (most - least)
  const accepted = within(1, 6)
  const pickedUp = accepted + within(2, 12)
  const kind = random()
  if (kind < 0.08) return [['request', 0]]
  if (kind < 0.2)
    return [
      ['request', 0],
      ['cancel', within(1, 9)],
    ]
  if (kind < 0.26)
    return [
      ['request', 0],
      ['accept', accepted],
      ['cancel', accepted + within(1, 9)],
    ]
  // A few go through a tunnel that is longer than the gap.
  const dropped = pickedUp + (kind > 0.97 ? within(91, 200) : within(4, 85))
  return [
    ['request', 0],
    ['accept', accepted],
    ['pickup', pickedUp],
    ['dropoff', dropped],
  ]
}

/**
 * What phones said in the two days before a moment: by some trips twice, once a day, for their riders ask again.
 * @param end epoch ms
 */
export const saidOf = (name: string, trips: number, random: () => number, end: number): Said[] =>
  Array.from({ length: trips }, (_, number) => {
    const tripId = `${name}-${number}`
    const start = end - Math.floor(random() * 46 * hourMs) - 60_000
    const courses = random() < 0.1 ? [start, start - 26 * hourMs] : [start]
    return courses.flatMap((from, nth) =>
      courseOf(random).map(
        ([action, minutes], place): Said => ({
          type: action === 'request' || action === 'cancel' ? 'rider' : 'driver',
          id: `${tripId}-${nth}-${place}`,
          tripId,
          action,
          at: new Date(from + Math.floor(minutes * minuteMs)).toISOString(),
        }),
      ),
    )
  })
    .flat()
    .filter(({ at }) => Date.parse(at) < end)
