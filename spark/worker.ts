import { loadModel } from '#model'
import { work } from './work.ts'

const stdin = 0
const stdout = 1

const main = async (): Promise<void> => work(await loadModel(), stdin, stdout)

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
