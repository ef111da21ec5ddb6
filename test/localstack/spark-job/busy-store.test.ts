import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { packageDir, python, runToEnd, sparkEnvironment } from './spark-on-this-machine.ts'

const body = '{"a":1}'
const answersAfterMs = 4500

const read = `
import sys
sys.path.insert(0, sys.argv[1])
from recompute import Store
print(Store("s3://data", sys.argv[2], "us-east-1").read_json("jobs/ds.json"))
`

/** A store that is busy: it answers, each time after longer than pyarrow waits by itself. */
const busyStore = (): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      const answer = () => response.end(request.method === 'HEAD' ? undefined : body)
      response.setHeader('content-length', body.length)
      setTimeout(answer, answersAfterMs)
    })
    server.listen(0, '127.0.0.1', () => resolve(server))
  })

test('the job waits for a store that is busy', async () => {
  const store = await busyStore()
  try {
    const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}`
    const env = { ...sparkEnvironment(), AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' }
    const ended = await runToEnd(
      python,
      ['-c', read, join(packageDir, 'spark'), url],
      { env, cwd: packageDir },
      () => undefined,
    )
    expect(ended).toMatchObject({ code: 0, stdout: "{'a': 1}\n" })
  } finally {
    store.closeAllConnections()
    store.close()
  }
})
