/** A record as a producer sends it. */
export interface Call {
  readonly type: 'api_call'
  readonly id: string
  readonly at: string
  readonly customerId: string
  readonly endpoint: string
  readonly dataTypes: readonly string[]
  readonly request: string
}

export interface Contract {
  readonly type: 'contract'
  readonly customerId: string
  readonly monthlyCalls: number
  readonly modifiedAt: string
}

const customers = Array.from({ length: 40 }, (_, number) => `customer-${number + 1}`)
const endpoints = ['/companies', '/people', '/search']

/** A load test that somebody ran against production by mistake. */
export const mistaken = '/load-test'

/** Of every other customer an older contract, and of some a newer one, in an order of its own. */
export const contractsOf = (random: () => number, now: number): Contract[] =>
  customers
    .filter((_, number) => number % 2 === 0)
    .flatMap((customerId) =>
      [90, 30].slice(0, random() < 0.5 ? 1 : 2).map(
        (days): Contract => ({
          type: 'contract',
          customerId,
          monthlyCalls: 20 + Math.floor(random() * 100),
          modifiedAt: new Date(now - days * 86_400_000).toISOString(),
        }),
      ),
    )
    .toSorted(() => random() - 0.5)

/** Calls of this month, some customers calling far more often than others. @param endpoint all of this one */
export const callsOf = (
  name: string,
  count: number,
  { random, now, endpoint }: { readonly random: () => number; readonly now: number; readonly endpoint?: string },
): Call[] => {
  const monthStart = new Date(now).setUTCDate(1) - (now % 86_400_000)
  return Array.from({ length: count }, (_, number) => {
    const customerId = customers[Math.floor(random() ** 2 * customers.length)] ?? ''
    const at = monthStart + Math.floor(random() * (now - monthStart))
    const chosen = endpoint ?? endpoints[Math.floor(random() * endpoints.length)] ?? ''
    const dataTypes = ['name', 'address', 'officers'].slice(0, 1 + Math.floor(random() * 3))
    return {
      ...{ type: 'api_call', id: `${name}-${number}`, at: new Date(at).toISOString() },
      ...{ customerId, endpoint: chosen, dataTypes, request: `token-${number}` },
    }
  })
}
