/** Of an option that may be given several times: what it was given, in order. */
export const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]
