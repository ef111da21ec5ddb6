/** Each option of a kind of definition, and whether it may be left out. */
export type OptionNames<Options> = {
  readonly [Name in keyof Options]-?: object extends Pick<Options, Name> ? 'optional' : 'required'
}

/**
 * Holds options to those that there are. Types do so in an editor; what is built without them would be counted otherwise
 * than it says: with a misspelt condition by everything.
 * @param at what they are of, as messages begin: `Metric orders`
 * @throws where one is missing or unknown
 */
export const refuseOptions = (
  at: string,
  options: object | undefined,
  names: Readonly<Record<string, 'optional' | 'required'>>,
): void => {
  const given = new Map(Object.entries(options ?? {}))
  const unknown = [...given.keys()].find((name) => !Object.hasOwn(names, name))
  if (unknown !== undefined)
    throw new Error(`${at}: ${unknown} is no option. There are ${Object.keys(names).join(', ')}.`)
  const missing = Object.keys(names).find((name) => names[name] === 'required' && given.get(name) === undefined)
  if (missing !== undefined) throw new Error(`${at}: ${missing} is missing.`)
}
