import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Model } from '../../core/model.ts'
import { type Frame, readFrame, unpackBuffers, writeFrame } from '../../spark/frames.ts'
import { work } from '../../spark/work.ts'

const opened = <T>(path: string, flags: string, use: (descriptor: number) => T): T => {
  const descriptor = openSync(path, flags)
  try {
    return use(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** What the worker answers to frames; its pipes are files in `dir` here. */
export const workerAnswers = (model: Model, dir: string, frames: readonly Frame[]): Frame[] => {
  const [incoming, outgoing] = [join(dir, 'in'), join(dir, 'out')]
  opened(incoming, 'w', (input) => {
    for (const { kind, payload } of frames) writeFrame(input, kind, [payload])
  })
  opened(incoming, 'r', (input) => opened(outgoing, 'w', (output) => work(model, input, output)))
  return opened(outgoing, 'r', (output) => {
    const answers: Frame[] = []
    for (let frame = readFrame(output); frame !== null; frame = readFrame(output)) answers.push(frame)
    return answers
  })
}

/** A block's columns by the place of their first buffer. */
export interface BlockColumns {
  /** Records, contributions, dimensions, fields. */
  readonly counts: readonly number[]
  text(at: number): (string | null)[]
  numbers(at: number): number[]
  offsets(at: number): number[]
}

export const columnsOf = (frame: Frame | undefined): BlockColumns => {
  const { counts, buffers } = unpackBuffers(frame?.payload ?? Buffer.alloc(0), 4)
  return {
    counts,
    text: (at) => {
      const [validity, ends, bytes] = buffers.slice(at, at + 3)
      const count = (ends?.length ?? 0) / 4 - 1
      return Array.from({ length: count }, (_, row) =>
        validity?.length && !((validity[row >> 3] ?? 0) & (1 << (row & 7)))
          ? null
          : String(bytes?.toString('utf8', ends?.readInt32LE(4 * row), ends?.readInt32LE(4 * row + 4))),
      )
    },
    numbers: (at) =>
      Array.from(
        { length: (buffers[at]?.length ?? 0) / 8 },
        (_, row) => buffers[at]?.readDoubleLE(8 * row) ?? Number.NaN,
      ),
    offsets: (at) =>
      Array.from(
        { length: (buffers[at]?.length ?? 0) / 4 },
        (_, row) => buffers[at]?.readInt32LE(4 * row) ?? Number.NaN,
      ),
  }
}
