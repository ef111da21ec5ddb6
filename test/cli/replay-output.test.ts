import type { Connection } from '../../cli/connection.ts'
import { type Answer, render } from '../../cli/output.ts'
import { compareOutput } from '../../cli/replay-output.ts'
import type { Session } from '../../cli/session.ts'
import { quoted } from '../messages.ts'

describe('comparing what is served with a replay beside it', () => {
  afterEach(() => {
    process.exitCode = undefined
  })

  const bucket = { metric: 'sales', start: '2026-01-02T10:00:00.000Z', rowsEqual: 2, rowsMissing: 0, rowsExtra: 0 }
  /** What is printed where these buckets were compared. */
  const compared = async (...rowsChanged: number[]): Promise<string> => {
    const answers: Answer[] = []
    const session = { format: 'table', answer: (answer: Answer) => answers.push(answer) } as unknown as Session
    const buckets = rowsChanged.map((changed) => ({ ...bucket, rowsChanged: changed }))
    const connection = { batch: async () => ({ buckets }) } as unknown as Connection
    await compareOutput(session, connection, 'check')
    return answers.map((answer) => render(answer, 'table')).join('')
  }

  it('names the buckets that differ, with exit code 3', async () => {
    const text = await compared(0, 1)
    expect(text).toMatch(quoted('replayDiffers'))
    expect(text).toContain('1 of 2 buckets differ from check')
    expect(process.exitCode).toBe(3)
  })

  it('says that all is equal, with none', async () => {
    expect(await compared(0, 0)).toContain('All 4 rows that are served are as they are in check.')
    expect(process.exitCode).toBeUndefined()
  })
})
