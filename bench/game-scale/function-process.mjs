// A function's process: loads the built bundle named by the first argument and handles one event after the other. An
// event comes on standard input as its length (4 bytes, little endian) and its JSON; its end is told by a message.
import { createRequire } from 'node:module'

const { handler } = createRequire(import.meta.url)(process.argv[2])

const framesOf = async function* (input) {
  let held = []
  let bytes = 0
  for await (const chunk of input) {
    held.push(chunk)
    bytes += chunk.length
    let wanted = bytes < 4 ? Number.POSITIVE_INFINITY : 4 + Buffer.concat(held.slice(0, 4)).readUInt32LE(0)
    while (bytes >= wanted) {
      const all = Buffer.concat(held)
      yield all.subarray(4, wanted)
      held = [all.subarray(wanted)]
      bytes -= wanted
      wanted = bytes < 4 ? Number.POSITIVE_INFINITY : 4 + held[0].readUInt32LE(0)
    }
  }
}

for await (const frame of framesOf(process.stdin)) {
  await handler(JSON.parse(frame.toString('utf8')))
  process.send('handled')
}
// Clients' connections would hold it.
process.exit(0)
