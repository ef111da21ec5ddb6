import { z } from 'zod'
import { type AnyEvent, type DimensionField, type Event, type EventDefinition, measuresOf } from './event.ts'
import { type OptionNames, refuseOptions } from './options.ts'
import { type Instant, type Int, instant, int } from './quantity.ts'
import type { Plain } from './score.ts'
import type { Visible } from './secret.ts'
import type { Span } from './span.ts'

/** What a session says, by the name of the key that it is by: what metrics over sessions can name. */
type SessionRow<K extends string, T, S extends string> = { readonly [P in K]: T } & {
  readonly startedAt: Instant
  /** From its first event to its last, whole seconds. */
  readonly duration: Int<'seconds'>
  /** How many. */
  readonly events: Int<'events'>
  readonly closed: boolean
} & ([S] extends [never] ? unknown : { readonly state: S })

/** Sessions as metrics refer to them: what is measured is a session, at the time it started. */
export interface Sessions<N extends string, in out R>
  extends Pick<
    Event<N, R>,
    'name' | 'row' | 'count' | 'sum' | 'min' | 'max' | 'mean' | 'stddev' | 'quantile' | 'histogram' | 'countDistinct'
  > {
  readonly definition: SessionsDefinition
}

type RowOf<E> = E extends Event<string, infer R> ? R : never
type Told<E> = E extends Event<infer N, infer R> ? Plain<Visible<R>> & { readonly type: N } : never

interface SessionsOptions<Es extends readonly AnyEvent[], K, S extends string> {
  /** The field, of each event, that names whose session it is. */
  readonly by: K
  /** How long after an event another one begins a session of its own: at this and later. */
  readonly gap: Span
  /** How long after its start an event begins another session, however short the gaps. */
  readonly longest: Span
  /** What a session comes to: from `start` on, one step for each event in the order of their times. */
  readonly state?: {
    readonly start: S
    /** Pure: no clock, no chance, nothing outside of state and event. An event that it throws on is passed over, and counted. */
    readonly step: (state: NoInfer<S>, event: Told<Es[number]>) => NoInfer<S>
  }
  readonly describe?: string
  /** Who answers for it: a team, a person. */
  readonly owner?: string
}

/** What `sessions` was given: read when the definitions are compiled. The rest describes a session as if it were an event. */
export interface SessionsDefinition extends EventDefinition {
  readonly of: readonly EventDefinition[]
  readonly key: string
  readonly gap: string
  readonly longest: string
  readonly state: { readonly start: string; readonly step: (state: string, event: unknown) => unknown } | null
}

/** Fields of a session, besides its key. */
export const sessionFields = ['startedAt', 'duration', 'events', 'closed', 'state'] as const

const optionNames: OptionNames<SessionsOptions<readonly AnyEvent[], string, string>> = {
  by: 'required',
  gap: 'required',
  longest: 'required',
  state: 'optional',
  describe: 'optional',
  owner: 'optional',
}
const stateNames: OptionNames<SessionsDefinition['state'] & object> = { start: 'required', step: 'required' }

/**
 * Declares sessions: the events of one key, told apart where nothing came for a while. Their events are kept, and folded
 * when they are asked for, as of a time: an event that comes late or out of order changes what it belongs to.
 */
export const sessions = <
  const N extends string,
  const Es extends readonly [AnyEvent, ...AnyEvent[]],
  const K extends DimensionField<RowOf<Es[number]>>,
  const S extends string = never,
>(
  name: N,
  events: Es,
  options: SessionsOptions<Es, K, S>,
): Sessions<N, SessionRow<K, RowOf<Es[number]>[K], S>> => {
  refuseOptions(`Sessions ${name}`, options, optionNames)
  if (options.state !== undefined) refuseOptions(`Sessions ${name}: state`, options.state, stateNames)
  const { by: key, state } = options
  const definition: SessionsDefinition = {
    name,
    fields: {
      [key]: events[0]?.definition.fields[key] ?? z.unknown(),
      startedAt: instant(),
      duration: int('seconds'),
      events: int('events'),
      closed: z.boolean(),
      ...(state === undefined ? {} : { state: z.string() }),
    },
    id: [key, 'startedAt'],
    at: 'startedAt',
    derive: {},
    accept: {},
    describe: options.describe ?? null,
    owner: options.owner ?? null,
    of: events.map((event) => event.definition),
    key,
    gap: options.gap,
    longest: options.longest,
    state: (state ?? null) as SessionsDefinition['state'],
  }
  return { ...measuresOf(definition, null), name, definition } as unknown as ReturnType<typeof sessions<N, Es, K, S>>
}

/** Whether a metric's event is a session. */
export const isSessionsDefinition = (definition: EventDefinition): definition is SessionsDefinition =>
  'longest' in definition

export const isSessions = (
  value: unknown,
): value is { readonly name: string; readonly definition: SessionsDefinition } => {
  const definition = typeof value === 'object' && value !== null && 'definition' in value ? value.definition : null
  return typeof definition === 'object' && definition !== null && 'longest' in definition
}
