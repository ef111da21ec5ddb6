/** Runs inside of the context that functions are checked in, before anything else does: the globals here are its own. */
const denied = new Set<string>()
let isWatching = false

/** Noted besides being thrown: a function may catch what it is denied. */
const deny = (what: string): void => {
  if (!isWatching) return
  denied.add(what)
  throw new Error(`${what} is denied`)
}

/** What `run` asked for that is no part of its event, and what it answered. */
export const watch = <Answer>(run: () => Answer): { readonly answer: Answer; readonly denied: readonly string[] } => {
  denied.clear()
  isWatching = true
  try {
    return { answer: run(), denied: [...denied] }
  } finally {
    isWatching = false
  }
}

type Callable = (this: unknown, ...given: unknown[]) => unknown

const replace = (holder: object, name: string, before: (given: readonly unknown[]) => void): void => {
  const original: unknown = Reflect.get(holder, name)
  if (typeof original !== 'function') return
  Object.defineProperty(holder, name, {
    configurable: true,
    writable: true,
    value: new Proxy(original as Callable, {
      apply: (target, self, given) => {
        before(given)
        return Reflect.apply(target, self, given)
      },
      construct: (target, given, made) => {
        before(given)
        return Reflect.construct(target, given, made)
      },
    }),
  })
}

/** ISO 8601 with Z or an offset, or a bare date: everything else is read in the machine's time zone, or as the engine likes. */
const saysItsZone = /^([+-]\d{6}|\d{4})-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/
const localTime = 'the machine’s time zone'

const denyTime = (clock: number): void => {
  const ofContext = Date
  for (const name of Object.getOwnPropertyNames(ofContext.prototype))
    if (/^([gs]et(?!UTC|Time$)|to(Date|Time)?String$)/.test(name))
      replace(ofContext.prototype, name, () => deny(`${localTime} (Date's ${name})`))
  for (const name of ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString'])
    replace(ofContext.prototype, name, ([locale, options]) => refuseDefaults(`Date's ${name}`, locale, options, true))
  const refuseLocal = (text: unknown): void => {
    if (typeof text === 'string' && !saysItsZone.test(text)) deny(`${localTime} (of a time that says none)`)
  }
  const { parse } = ofContext
  const members: Readonly<Record<string, unknown>> = {
    now: () => {
      deny('the clock (Date.now)')
      return clock
    },
    parse: (text: string) => {
      refuseLocal(text)
      return parse(text)
    },
  }
  globalThis.Date = new Proxy(ofContext, {
    apply: () => {
      deny('the clock (Date())')
      return new ofContext(clock).toISOString()
    },
    construct: (target, given, made) => {
      if (given.length === 0) deny('the clock (new Date())')
      if (given.length > 1) deny(`${localTime} (new Date(year, month, …))`)
      if (given.length === 1) refuseLocal(given[0])
      return Reflect.construct(target, given.length === 0 ? [clock] : given, made)
    },
    get: (target, name, self) =>
      typeof name === 'string' && name in members ? members[name] : Reflect.get(target, name, self),
  })
  ofContext.prototype.constructor = globalThis.Date
}

const refuseDefaults = (what: string, locale: unknown, options: unknown, hasZone: boolean): void => {
  if (locale === undefined) deny(`the machine’s language (${what} without a locale)`)
  const zone: unknown = typeof options === 'object' && options !== null ? Reflect.get(options, 'timeZone') : undefined
  if (hasZone && zone === undefined) deny(`${localTime} (${what} without a timeZone)`)
}

const denyLanguage = (): void => {
  for (const holder of [Number.prototype, BigInt.prototype, Array.prototype])
    replace(holder, 'toLocaleString', ([locale]) => refuseDefaults('toLocaleString', locale, undefined, false))
  for (const name of ['toLocaleUpperCase', 'toLocaleLowerCase'])
    replace(String.prototype, name, ([locale]) => refuseDefaults(name, locale, undefined, false))
  replace(String.prototype, 'localeCompare', ([, locale]) => refuseDefaults('localeCompare', locale, undefined, false))
  for (const name of Object.getOwnPropertyNames(Intl))
    if (/^[A-Z]/.test(name) && name !== 'Locale')
      replace(Intl, name, ([locale, options]) =>
        refuseDefaults(`Intl.${name}`, locale, options, name === 'DateTimeFormat'),
      )
}

const outside: Readonly<Record<string, string>> = {
  process: 'the process and its environment (process)',
  performance: 'the clock (performance)',
  Temporal: 'the clock (Temporal)',
  crypto: 'randomness (crypto)',
  fetch: 'the network (fetch)',
  setTimeout: 'a timer (setTimeout)',
  setInterval: 'a timer (setInterval)',
  setImmediate: 'a timer (setImmediate)',
  queueMicrotask: 'a timer (queueMicrotask)',
  WeakRef: 'the garbage collector (WeakRef)',
  FinalizationRegistry: 'the garbage collector (FinalizationRegistry)',
}

/**
 * Takes clock, chance, language, time zone and the world outside from functions that are watched.
 * @param own differs between two contexts, and is all that their clock and chance say while definitions are loaded: what
 * is kept of them then shows as answers that differ
 */
export const denyWorld = (own: number): void => {
  denyTime(own * 1e11)
  denyLanguage()
  Math.random = () => {
    deny('randomness (Math.random)')
    return own / 8
  }
  for (const [name, what] of Object.entries(outside)) {
    const original: unknown = Reflect.get(globalThis, name)
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get: () => {
        deny(what)
        return original
      },
    })
  }
}
