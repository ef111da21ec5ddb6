import { z } from 'zod'
import { invalid } from './errors.ts'
import { readSubmitParameters } from './submit-parameters.ts'

/**
 * What the endpoint implements of StartJobRun's body; any other field is refused.
 * https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html
 */
const startRequest = z.strictObject({
  clientToken: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  executionRoleArn: z.string().min(20),
  name: z.string().min(1).max(256).optional(),
  tags: z.record(z.string(), z.string()).optional(),
  mode: z.literal('BATCH').optional(),
  /** 0: no limit. */
  executionTimeoutMinutes: z.int().min(0).max(1_000_000).default(720),
  jobDriver: z.strictObject({
    sparkSubmit: z.strictObject({
      entryPoint: z.string().regex(/^s3:\/\/[^/]+\/.+\.py$/, 'only a Python file on s3:// is implemented'),
      entryPointArguments: z.array(z.string()).default([]),
      sparkSubmitParameters: z.string().default(''),
    }),
  }),
})

export type StartRequest = z.output<typeof startRequest>

/** @throws ValidationException naming the field that is missing, wrong or not implemented */
export const readStartRequest = (body: unknown): StartRequest => {
  const read = startRequest.safeParse(body)
  if (!read.success) {
    const facts = read.error.issues.map(({ path, message }) => `${path.join('.') || 'the request'}: ${message}`)
    throw invalid(`The laptop stage does not implement this StartJobRun: ${facts.join('; ')}`)
  }
  readSubmitParameters(read.data.jobDriver.sparkSubmit.sparkSubmitParameters)
  return read.data
}
