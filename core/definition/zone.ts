/** A zone of the tz database, such as Europe/Paris. */
export type Zone = 'UTC' | `${string}/${string}`
