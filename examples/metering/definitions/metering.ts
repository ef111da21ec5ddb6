import { entity, event, instant, int, limit, metric, secret, z } from 'tidemark'

export const apiCall = event('api_call', {
  customerId: z.string(),
  endpoint: z.string(),
  dataTypes: z.array(z.string()),
  request: secret(z.string()),
})
const contractChange = event(
  'contract',
  { customerId: z.string(), monthlyCalls: int('calls'), modifiedAt: instant() },
  { at: 'modifiedAt' },
)

export const contract = entity('contract', contractChange, {
  ref: 'customerId',
  latest: 'modifiedAt',
  describe: 'How much a customer may use: the latest contract holds',
})

export const calls = metric('calls', apiCall.count('calls'), {
  by: ['customerId', 'endpoint'],
  per: 'hour',
  live: '1d',
  describe: 'API calls',
})
export const dataReturned = metric('data_returned', apiCall.each('dataTypes').count('items'), {
  by: ['customerId', 'dataTypes'],
  per: 'day',
  describe: 'Items of data returned',
})

export const monthlyCalls = limit('monthly_calls', calls, {
  each: 'customerId',
  per: 'month',
  atMost: contract.field('monthlyCalls'),
  notifyAt: ['80%', '100%'],
  describe: 'What the contract allows',
})
export const trial = limit('trial', calls, {
  each: 'customerId',
  per: 'month',
  atMost: '100 calls',
  notifyAt: ['100%'],
  describe: 'A customer without a contract is called on here',
})
