import { spawn } from 'node:child_process'
import { Report, type Slice } from './report.ts'

/** Runs a built simulation over several processes. @param maxFailures after which a process stops */
export const runProgram = async (
  script: string,
  { seed, schedules, processes }: { readonly seed: number; readonly schedules: number; readonly processes: number },
  maxFailures = 1,
): Promise<Report> => {
  const each = Math.ceil(schedules / processes)
  const starts = Array.from({ length: processes }, (_, place) => place * each).filter((start) => start < schedules)
  const slices = starts.map((start) => runSlice(script, [seed + start, Math.min(each, schedules - start), maxFailures]))
  return Report.of(await Promise.all(slices))
}

const runSlice = (script: string, parameters: readonly number[]): Promise<Slice> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...parameters.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(output).toString('utf8')) as Slice)
      else reject(new Error(`The simulation of ${parameters.join(' ')} ended with code ${code}.`))
    })
  })
