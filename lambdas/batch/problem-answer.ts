import type { Problem } from '../../core/problem.ts'

/** A Problem as the command line is told it: `code`, `status`, `detail` and the facts beside them. */
export interface DescribedProblem {
  readonly code: string
  readonly status: number
  readonly detail: string
  readonly [fact: string]: unknown
}

export const described = ({ code, status, message, facts }: Problem): DescribedProblem => ({
  code,
  status,
  detail: message,
  ...facts,
})
