import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { Problem } from '../../core/problem.ts'
import { TransactionUnknown } from '../../stores/warehouse/warehouse.ts'

const retryAfterSeconds = 5

/** An error as RFC 9457 problem details. What is not the caller's doing is logged in full, and told in short. */
export const problemResponse = (error: unknown): APIGatewayProxyStructuredResultV2 => {
  if (error instanceof Problem) return details(error.code, error.status, error.message, error.facts)
  console.error(
    JSON.stringify({
      message: 'request failed',
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }),
  )
  if (error instanceof TransactionUnknown) {
    const response = details(
      'warehouse_busy',
      503,
      'The warehouse did not answer in time; the query was cancelled.',
      {},
    )
    return { ...response, headers: { ...response.headers, 'retry-after': String(retryAfterSeconds) } }
  }
  return details('internal_error', 500, 'The answer could not be made; the function’s log says why.', {})
}

const details = (
  code: string,
  status: number,
  detail: string,
  facts: Readonly<Record<string, unknown>>,
): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { 'content-type': 'application/problem+json' },
  body: JSON.stringify({ type: 'about:blank', title: code.replaceAll('_', ' '), status, code, detail, ...facts }),
})
